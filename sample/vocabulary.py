"""Names, places and subjects that the sample portal's texts are made of (Vietnamese as data)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """One subject the portal writes about.

    Attributes:
        name: The subject as it stands inside a sentence.
        field: The same as the name of a field of procedures ("lĩnh vực …").
        unit: The office in charge.
        tasks: Verb phrases, ready to follow "cần" or "tiếp tục".
        facts: Sentence templates that belong to this subject alone.
    """

    name: str
    field: str
    unit: str
    tasks: tuple[str, ...]
    facts: tuple[str, ...]


SURNAMES = (
    *("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đỗ", "Bùi", "Trịnh", "Mai", "Lưu", "Cao", "Hà", "Đặng"),
    *("Tống", "Nghiêm", "Lường", "Quách", "Trương", "Phan"),
)
MIDDLE_NAMES = ("Văn", "Thị", "Đức", "Minh", "Hữu", "Quang", "Thanh", "Xuân", "Ngọc", "Đình", "Thu", "Bá", "Hồng")
GIVEN_NAMES = (
    *("An", "Bình", "Chiến", "Dũng", "Đạt", "Giang", "Hải", "Hạnh", "Hiền", "Hòa", "Hùng", "Hương", "Khánh", "Lan"),
    *("Linh", "Long", "Mạnh", "Nam", "Nga", "Nhung", "Phúc", "Quỳnh", "Sơn", "Tâm", "Thắng", "Thủy", "Toàn", "Tuyết"),
)
POSTS = (
    *("Phó Giám đốc Sở Nội vụ", "Giám đốc Sở Nội vụ", "Phó Chủ tịch UBND tỉnh", "Chánh Văn phòng Sở"),
    *("Trưởng phòng Cải cách hành chính", "Trưởng phòng Tổ chức, biên chế", "Trưởng ban Thi đua - Khen thưởng"),
    *("Phó Chánh Thanh tra Sở", "Giám đốc Trung tâm Phục vụ hành chính công", "Phó Chánh Văn phòng UBND tỉnh"),
    *("Trưởng phòng Chuyển đổi số", "Bí thư Đoàn khối các cơ quan tỉnh", "Chủ tịch Công đoàn ngành"),
)
# Districts ended on 1 July 2025: articles of before name them, later ones name wards and communes.
DISTRICTS = (
    *("huyện Hoằng Hóa", "huyện Quảng Xương", "huyện Nga Sơn", "huyện Thọ Xuân", "huyện Như Thanh", "huyện Bá Thước"),
    *("huyện Mường Lát", "huyện Quan Sơn", "huyện Thạch Thành", "huyện Yên Định", "huyện Triệu Sơn", "huyện Hậu Lộc"),
    *("huyện Lang Chánh", "huyện Ngọc Lặc", "huyện Cẩm Thủy", "huyện Vĩnh Lộc", "huyện Nông Cống", "huyện Hà Trung"),
    *("thị xã Bỉm Sơn", "thị xã Nghi Sơn", "thành phố Thanh Hóa", "thành phố Sầm Sơn"),
)
COMMUNES = (
    *("phường Hạc Thành", "phường Hàm Rồng", "phường Sầm Sơn", "phường Bỉm Sơn", "phường Đông Quang", "xã Hoằng Giang"),
    *("phường Nguyệt Viên", "phường Tĩnh Gia", "phường Ngọc Sơn", "xã Nga Thắng", "xã Thọ Long", "xã Xuân Lập"),
    *("xã Mường Chanh", "xã Pù Nhi", "xã Trung Hạ", "xã Kim Tân", "xã Vân Du", "xã Yên Trường", "xã Triệu Lộc"),
    *("xã Hợp Tiến", "xã Thăng Bình", "xã Tượng Lĩnh", "xã Lưu Vệ", "xã Quảng Ninh", "xã Biện Thượng", "xã Cẩm Tân"),
    *("xã Linh Sơn", "xã Minh Sơn", "xã Thiết Ống", "xã Cổ Lũng", "xã Thanh Kỳ", "xã Xuân Du"),
)
OFFICES = (
    *("Sở Nội vụ", "Sở Tài chính", "Sở Tư pháp", "Sở Y tế", "Sở Giáo dục và Đào tạo", "Sở Xây dựng", "Sở Công Thương"),
    *("Sở Khoa học và Công nghệ", "Sở Nông nghiệp và Môi trường", "Sở Văn hóa, Thể thao và Du lịch"),
    *("Văn phòng UBND tỉnh", "Ban Quản lý Khu kinh tế Nghi Sơn", "Thanh tra tỉnh", "Trung tâm Lưu trữ lịch sử tỉnh"),
    *("Trung tâm Phục vụ hành chính công tỉnh", "Hội Nông dân tỉnh", "Tỉnh đoàn", "Bảo hiểm xã hội tỉnh"),
)
EVENTS = (
    *(
        "hội nghị sơ kết",
        "hội nghị tổng kết",
        "buổi làm việc",
        "lớp tập huấn",
        "hội nghị trực tuyến",
        "cuộc họp giao ban",
    ),
    *("buổi tọa đàm", "hội nghị triển khai nhiệm vụ", "hội thi", "buổi kiểm tra thực tế", "hội nghị đối thoại"),
)
PERIODS = (
    "quý I",
    "quý II",
    "quý III",
    "6 tháng đầu năm",
    "9 tháng đầu năm",
    "tháng qua",
    "nửa đầu nhiệm kỳ",
    "năm qua",
)
TERMS = ("quý I năm", "quý II năm", "quý III năm", "6 tháng đầu năm", "9 tháng đầu năm", "những tháng cuối năm", "năm")
RESULTS = (
    *("đạt kế hoạch đề ra", "vượt chỉ tiêu được giao", "tăng so với cùng kỳ năm trước", "chuyển biến rõ nét"),
    *(
        "được người dân đánh giá tích cực",
        "từng bước đi vào nền nếp",
        "được duy trì ổn định",
        "có thêm nhiều cách làm mới",
    ),
)
LIMITS = (
    *("một số đơn vị còn lúng túng khi triển khai", "việc phối hợp giữa các phòng chưa thật chặt chẽ"),
    *("trang thiết bị ở cơ sở đã cũ", "chế độ báo cáo có nơi chưa đúng hạn", "nguồn kinh phí bố trí còn chậm"),
    *(
        "cán bộ kiêm nhiệm nhiều việc",
        "công tác tuyên truyền chưa đều giữa các địa bàn",
        "dữ liệu nhập còn thiếu trường",
    ),
    *("hồ sơ giấy tồn từ các năm trước còn nhiều", "một số quy trình nội bộ chưa được rà soát lại"),
)
GROUPS = (
    *(
        "cán bộ, công chức",
        "viên chức các đơn vị sự nghiệp",
        "trưởng thôn, tổ trưởng tổ dân phố",
        "đoàn viên, thanh niên",
    ),
    *("hộ kinh doanh", "người có công", "hội viên nông dân", "công nhân khu công nghiệp", "cán bộ bán chuyên trách"),
)
DOCUMENT_TYPES = ("QĐ-UBND", "KH-UBND", "CV-SNV", "KH-SNV", "TB-SNV", "TTr-SNV", "HD-SNV", "BC-SNV")
EDIT_WORDS = ("khẩn trương", "chủ động", "thường xuyên", "đồng bộ", "kịp thời", "thiết thực", "nghiêm túc", "linh hoạt")
