"""Sentence, title and caption templates of the sample portal.

``{names}`` in braces are filled by `sample.prose.Scene`: some stay the same through one article ({topic}, {event},
{chair}, {where}, {task}), the others are drawn anew each time ({place}, {office}, {person}, numbers).
"""

from __future__ import annotations

OPENINGS = (
    "Sáng ngày {date}, tại {where}, {unit} tổ chức {event} về công tác {topic} với sự tham gia của {many} đại biểu.",
    "Thực hiện kế hoạch số {n}{m}/KH-SNV, chiều ngày {date}, {unit} cùng {office} mở {event} chuyên đề {topic}.",
    "Ngày {date}, đoàn công tác do đồng chí {chair} làm trưởng đoàn đã có {event} tại {where} về {topic}.",
    "Trong khuôn khổ chương trình công tác {term}, ngày {date}, {where} đón đoàn của {unit} đến trao đổi về {topic}.",
    "Nhằm đánh giá kết quả công tác {topic}, ngày {date}, {unit} đã tổ chức {event} tại hội trường {where}.",
    "Vừa qua, {unit} ban hành văn bản số {doc} hướng dẫn các địa phương, đơn vị triển khai công tác {topic}.",
    "Ngày {date}, đồng chí {chair} chủ trì {event}, nghe các ngành báo cáo tiến độ thực hiện công tác {topic}.",
    "Sau {n} ngày chuẩn bị, {event} về công tác {topic} do {unit} đăng cai đã diễn ra tại {where}.",
)
ATTENDANCE = (
    "Cùng dự có đại diện lãnh đạo {office}, {office} và cán bộ phụ trách của {place}.",
    "Tham dự còn có đồng chí {person}, {post}, cùng {n} {group} đến từ các địa phương.",
    "Dự và chỉ đạo tại đây có đồng chí {person}, {post}.",
    "Chương trình được truyền trực tuyến đến {n} điểm cầu, với hơn {many} người theo dõi.",
    "Về phía {place} có đồng chí {person} và lãnh đạo các phòng chuyên môn.",
)
REPORTS = (
    "Báo cáo tại {event}, đồng chí {person} cho biết công tác {topic} trong {period} {result}.",
    "Theo báo cáo số {n}{m}/BC-SNV, các chỉ tiêu về {topic} cơ bản {result}.",
    "So với cùng kỳ, khối lượng công việc tăng {pct}% trong khi số người làm không thay đổi.",
    "{place} là một trong những địa phương có cách làm tốt, được {office} chọn làm điểm.",
    "Riêng {place} đã hoàn thành {n} trên tổng số {many} đầu việc được giao.",
    "Trong {period}, {office} đã chủ trì {m} cuộc kiểm tra, ban hành {n} văn bản đôn đốc.",
    "Nhiều nội dung được giao tại văn bản số {doc} đã xong trước hạn {m} ngày.",
    "Kinh phí bố trí cho nhiệm vụ này là {many} triệu đồng, giải ngân đến nay đạt {pct}%.",
    "Việc lấy ý kiến {group} được thực hiện bằng phiếu, thu về {many} phiếu hợp lệ.",
    "Có {n} sáng kiến của {group} được hội đồng công nhận và cho áp dụng thử.",
    "Từ đầu năm {year} đến nay, {place} đã mở {m} đợt cao điểm để {task}.",
    "Kết quả chấm điểm cho thấy {place} tăng {m} bậc, xếp trong nhóm khá của tỉnh.",
    "Đến ngày {day}, có {n} đơn vị gửi báo cáo đúng hạn, còn {m} đơn vị phải nhắc lại.",
    "Phần lớn {group} được hỏi cho rằng quy trình mới dễ hiểu và ít giấy tờ hơn trước.",
)
LIMITS = (
    "Bên cạnh kết quả đạt được, {limit}.",
    "Tuy vậy, báo cáo cũng thẳng thắn nhìn nhận {limit}; có {m} chỉ tiêu dự kiến khó hoàn thành.",
    "Nguyên nhân được chỉ ra là {limit}, nhất là ở các địa bàn xa trung tâm như {place}.",
    "Ở {place}, {limit} nên tiến độ chậm hơn kế hoạch {n} ngày.",
    "Một số ý kiến lo ngại {limit}, đề nghị {office} sớm có hướng dẫn.",
    "Qua rà soát còn {m} nhiệm vụ quá hạn, tập trung ở khâu phối hợp với {office}.",
)
TALKS = (
    "Trao đổi tại {event}, đồng chí {person}, {post}, đề nghị {place} cần {task}.",
    "Đại diện {place} kiến nghị bổ sung {n} chỉ tiêu biên chế và nâng cấp đường truyền.",
    "Các đại biểu tập trung thảo luận {m} nhóm vấn đề, trong đó nổi lên yêu cầu {task}.",
    "Theo đồng chí {person}, muốn làm tốt công tác {topic} thì trước hết phải {task}.",
    "Một {group} ở {place} nêu câu hỏi về thời hạn trả kết quả và được trả lời ngay tại chỗ.",
    "Lãnh đạo {office} tiếp thu {n} ý kiến và hứa phản hồi bằng văn bản trước ngày {due}.",
    "Đồng chí {person} chia sẻ kinh nghiệm của {place}: mỗi tuần dành một buổi để {task}.",
    "Ý kiến của {office} cho rằng nên thí điểm ở {m} nơi trước khi nhân ra diện rộng.",
    "Bà con ở {place} mong muốn được hướng dẫn tận nhà, nhất là người cao tuổi.",
    "Thảo luận về phương án mới, {office} lưu ý việc {task} phải đi kèm kiểm tra.",
)
TASKS = (
    "Thời gian tới, các đơn vị tiếp tục {task}; đồng thời sớm khắc phục những điểm yếu đã nêu.",
    "{office} được giao chủ trì, phối hợp với {place} để {task}, hoàn thành trước ngày {due}.",
    "Kế hoạch năm {year} đặt mục tiêu ít nhất {pct}% số đơn vị hoàn thành việc {task}.",
    "Mỗi địa phương chọn {m} việc cụ thể, làm đến đâu báo cáo đến đó.",
    "Các cơ quan báo chí được đề nghị mở chuyên mục giới thiệu những nơi biết {task}.",
    "Tổ giúp việc sẽ kiểm tra lại kết quả tại {place} sau {n} ngày.",
    "Về lâu dài, {unit} đề xuất sửa quy chế phối hợp để {task} thuận lợi hơn.",
    "Công đoàn, đoàn thanh niên của {office} nhận {m} phần việc hỗ trợ {group}.",
)
CLOSINGS = (
    "Phát biểu kết luận, đồng chí {chair} yêu cầu các đơn vị {task} và coi đây là việc thường xuyên.",
    "Kết thúc {event}, đồng chí {chair} biểu dương nỗ lực của {where}, mong muốn các đơn vị sớm {task}.",
    "Đồng chí {chair} nhấn mạnh, kết quả công tác {topic} là căn cứ đánh giá người đứng đầu trong năm {year}.",
    "Tiếp thu ý kiến chỉ đạo, {where} cam kết {task}, góp phần nâng cao chất lượng phục vụ nhân dân.",
)
SUMMARIES = (
    "Công tác {topic} trong {period} {result}, tạo nền tảng cho các nhiệm vụ còn lại của năm {year}.",
    "{event_title} về {topic} vừa diễn ra tại {where}, thống nhất {m} nhóm giải pháp trọng tâm.",
    "Với quyết tâm {task}, {where} đang từng bước nâng cao chất lượng phục vụ người dân.",
)
CAPTIONS = (
    "Đồng chí {person}, {post} phát biểu",
    "Quang cảnh {event}",
    "Các đại biểu tham dự {event}",
    "Đồng chí {chair} phát biểu kết luận",
    "Đoàn công tác kiểm tra thực tế tại {place}",
    "Người dân {place} làm thủ tục tại bộ phận một cửa",
    "Đại diện {place} phát biểu thảo luận (Ảnh: {reporter})",
    "Lãnh đạo {office} trao đổi bên lề {event}",
)
TITLES = {
    "news": (
        "{event_title} công tác {topic} {term}",
        "{where_title} đẩy mạnh công tác {topic}, phấn đấu hoàn thành sớm kế hoạch năm {year}",
        "{unit_title} làm việc với {where} về công tác {topic}",
        "Đồng chí {chair} kiểm tra công tác {topic} tại {where}",
        "Triển khai kế hoạch {task} trên địa bàn tỉnh trong {term}",
        "{where_title}: {task} gắn với nhiệm vụ {topic} trong {period}",
        "Tăng cường chỉ đạo công tác {topic} theo văn bản số {doc}",
        "Khai mạc {event} về {topic} cho {group} năm {year}",
        "Những điểm mới trong công tác {topic} cần lưu ý từ {term}",
        "{office} và {where} ký quy chế phối hợp {task}, tạo chuyển biến trong công tác {topic} {term}",
    ),
    "activity": (
        "{where_title} tổ chức {event} về {topic}",
        "{unit_title} tập huấn cho {group} về {topic} tại {where}",
        "Chuyện về cách làm {topic} ở {where}",
        "{office} trao quà cho {group} tại {where}",
        "Giao ban công tác {topic} {term}",
        "{where_title} ra quân {task}, hưởng ứng đợt thi đua cao điểm {term} của toàn ngành",
        "{n} {group} của {where} tham gia {event} về {topic}",
        "Sôi nổi {event} tìm hiểu về {topic} tại {where}",
        "Đoàn kiểm tra của {unit} làm việc tại {where}, ghi nhận nhiều kết quả trong công tác {topic}",
    ),
    "procedures": (
        "Quyết định công bố danh mục thủ tục hành chính {kind} lĩnh vực {field}",
        "Quyết định công bố danh mục {n} thủ tục hành chính {kind} lĩnh vực {field} thuộc thẩm quyền của {agency}",
        "Quyết định công bố thủ tục hành chính đặc thù {kind} trong lĩnh vực {field} trên địa bàn tỉnh",
        "Danh mục TTHC lĩnh vực {field}",
        "QĐ về việc công bố danh mục thủ tục hành chính {kind} thuộc thẩm quyền giải quyết của {agency}",
        "Công bố Danh mục gồm {n} thủ tục hành chính {kind} thuộc thẩm quyền của {agency} và UBND các xã, phường",
        "Quyết định phê duyệt quy trình nội bộ giải quyết thủ tục hành chính {kind} lĩnh vực {field}",
        "Quyết định số {decision} công bố thủ tục hành chính được chuẩn hóa lĩnh vực {field}",
    ),
}
KINDS = ("mới ban hành", "được sửa đổi, bổ sung", "được thay thế", "bị bãi bỏ", "mới ban hành/bị bãi bỏ")
PROCEDURE_SENTENCES = (
    "Ngày {date}, Chủ tịch UBND tỉnh ký Quyết định số {decision} công bố danh mục thủ tục hành chính lĩnh vực {field}.",
    "Theo đó, có {n} thủ tục thuộc thẩm quyền của {agency}, {m} thủ tục do UBND cấp xã giải quyết.",
    "Quyết định có hiệu lực kể từ ngày ký và thay thế các nội dung liên quan tại Quyết định số {n}{m}/QĐ-UBND.",
    "Thời hạn giải quyết của {m} thủ tục được rút ngắn từ {n} ngày xuống còn ít ngày hơn so với quy định chung.",
    "{unit_title} có trách nhiệm cập nhật nội dung lên cơ sở dữ liệu và niêm yết tại nơi tiếp nhận hồ sơ.",
    "Các tổ chức, cá nhân có thể nộp hồ sơ trực tiếp, qua bưu chính hoặc trực tuyến toàn trình.",
    "Căn cứ của việc công bố là quyết định của bộ quản lý ngành về lĩnh vực {field} ban hành trong {period}.",
    "Chi tiết từng thủ tục, mẫu đơn và lệ phí xem trong tệp đính kèm dưới đây.",
)
ATTACHMENTS = (
    "Quyết định số {decision} (bản ký số)",
    "Phụ lục danh mục thủ tục hành chính lĩnh vực {field}",
    "Mẫu đơn, tờ khai kèm theo Quyết định số {decision}",
)
