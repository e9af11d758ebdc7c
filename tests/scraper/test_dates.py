"""Dates as the portals print them: portals.md section 4, reliability.md E1-E8."""

import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scraper.dates import from_path, parse, refine
from scraper.items import VIETNAM, Moment
from scraper.text import fold

NOW = datetime(2026, 8, 24, 10, 0, 30, tzinfo=VIETNAM)  # a Monday
quick = settings(max_examples=150)


def moment(text):
    """`2023-07-18` is a day, `2023-07-18 16:24` a minute."""
    return Moment(at=datetime.fromisoformat(text).replace(tzinfo=VIETNAM), precision="minute" if ":" in text else "day")


FORMS = [
    # seen on the portals
    ("Đăng ngày 18 - 07 - 2023", "2023-07-18"),
    ("(18/07/2023 4:24 CH)", "2023-07-18 16:24"),
    ("(02/12/2019 10:41 SA)", "2019-12-02 10:41"),
    ("(20/10/2014 10:39 CH)", "2014-10-20 22:39"),
    ("21/07/2022 | 10:00 AM", "2022-07-21 10:00"),
    ("Publish date 21/07/2022 | 01:00 PM", "2022-07-21 13:00"),
    ("07/11/2017", "2017-11-07"),
    ("06-08-2021", "2021-08-06"),
    ("Thứ 2, 09/03/2020 | 09:38", "2020-03-09 09:38"),
    ("2024-09-13T15:43:00+07:00", "2024-09-13 15:43"),
    ("Ngày đăng: 05/03/2026 - 08:15", "2026-03-05 08:15"),
    ("Thứ tư - 02/12/2020 10:41", "2020-12-02 10:41"),
    ("ngày 04 tháng 10 năm 2022", "2022-10-04"),
    ("ngày 29/4/2021", "2021-04-29"),
    ("triển khai...(18/07/2023 4:24 CH)", "2023-07-18 16:24"),
    # half days
    ("18/07/2023 12:05 SA", "2023-07-18 00:05"),
    ("18/07/2023 12:05 CH", "2023-07-18 12:05"),
    ("18/07/2023 12:05 am", "2023-07-18 00:05"),
    ("18/07/2023 12:05 p.m.", "2023-07-18 12:05"),
    ("18/07/2023 4:24:07 CH", "2023-07-18 16:24:07"),
    ("18/07/2023 16:24 CH", "2023-07-18 16:24"),
    ("18/07/2023 16:24 SA", "2023-07-18"),
    ("18/07/2023 8 giờ sáng", "2023-07-18 08:00"),
    ("18/07/2023 2h chiều", "2023-07-18 14:00"),
    # the time before, and other clocks
    ("Cập nhật: 15:20 03-11-2026", "2026-11-03 15:20"),
    ("15:20, 03/11/2026", "2026-11-03 15:20"),
    ("15:20-03/11/2026", "2026-11-03 15:20"),
    ("3:20 CH | 03/11/2026", "2026-11-03 15:20"),
    ("lúc 15 giờ 20 phút, Thứ ba, ngày 03/11/2026", "2026-11-03 15:20"),
    ("15h ngày 03/11/2026", "2026-11-03 15:00"),
    ("03/11/2026 15h20", "2026-11-03 15:20"),
    ("03/11/2026 15 giờ 20", "2026-11-03 15:20"),
    ("03/11/2026 lúc 15h20'", "2026-11-03 15:20"),
    ("03/11/2026, vào lúc 15g20", "2026-11-03 15:20"),
    ("03/11/2026 (Thứ ba) 15:20", "2026-11-03 15:20"),
    ("03/11/2026 – 15:20", "2026-11-03 15:20"),
    ("03/11/2026 10:00-11:30", "2026-11-03 10:00"),
    ("2026-11-03 10:00-11:30", "2026-11-03 10:00"),
    ("03/11/2026 (2 giờ trước)", "2026-11-03"),
    ("03/11/2026 24:10", "2026-11-03"),
    ("03/11/2026 15:60", "2026-11-03"),
    ("03/11/2026 99:99 PM", "2026-11-03"),
    ("03/11/2026 - 04/11/2026", "2026-11-03"),
    # zones
    ("Thứ Hai, 12/05/2025 | 08:30 GMT+7", "2025-05-12 08:30"),
    ("12/05/2025 08:30 (GMT+7)", "2025-05-12 08:30"),
    ("12/05/2025 08:30 UTC+07:00", "2025-05-12 08:30"),
    ("12/05/2025 23:30 UTC", "2025-05-13 06:30"),
    ("2025-05-12T23:30:00Z", "2025-05-13 06:30"),
    ("2025-05-12T23:30:05.123456Z", "2025-05-13 06:30:05"),
    ("2025-05-12 23:30:00+00:00", "2025-05-13 06:30"),
    ("2025-05-12T23:30-0500", "2025-05-13 11:30"),
    ("2025-05-12T23:30", "2025-05-12 23:30"),
    ("2025-05-12 23:30:00", "2025-05-12 23:30"),
    ("20230718T162400", "2023-07-18 16:24"),
    ("20230718T1624Z", "2023-07-18 23:24"),
    ("Tue, 18 Jul 2023 16:24:00 +0700", "2023-07-18 16:24"),
    ("Tue, 18 Jul 2023 16:24:00 GMT", "2023-07-18 23:24"),
    ("Tue, 18 Jul 2023 16:24:00 -0500", "2023-07-19 04:24"),
    # other spellings of the day
    ("18.07.2023", "2023-07-18"),
    ("2023-07-18", "2023-07-18"),
    ("2023/07/18", "2023-07-18"),
    ("2023-7-8", "2023-07-08"),
    ("18/7 năm 2023", "2023-07-18"),
    ("ngày 18 tháng 7, 2023 9:05", "2023-07-18 09:05"),
    ("Thứ 2 - 09-03-2020", "2020-03-09"),
    ("03/04/2026", "2026-04-03"),
    ("29/02/2024", "2024-02-29"),
    ("18/07/23", "2023-07-18"),
    ("18-07-23 16:24", "2023-07-18 16:24"),
    # documents' numbers beside dates
    ("42/2022/NĐ-CP ngày 24/6/2022", "2022-06-24"),
    ("Số 05/10/2022/QĐ-UBND ngày 07/10/2022", "2022-10-07"),
    ("558/QĐ-UBND, 04/10/2022", "2022-10-04"),
]


@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_forms(text, expected):
    assert parse(text) == moment(expected)
    assert parse(text).at.tzinfo is VIETNAM
    for same in (
        unicodedata.normalize("NFD", text),
        text.upper(),
        text.lower(),
        fold(text),
        text.replace(" ", "\xa0"),
        f"\u200b{text} ",
        text.replace(" ", " \n\t"),
    ):
        assert parse(same, now=NOW) == moment(expected), same


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Tin mới nhất",
        "02/13/2026",
        "31/06/2017",
        "29/02/2023",
        "00/05/2023",
        "18/00/2023",
        "Ngày đăng 99/99/9999 | 99:99 PM",
        "Ngày ban hành: 99/99/9999",
        "31/06/2017, cập nhật 05/07/2017",
        "2023-13-01",
        "2023-18-07",
        "01/01/1944",
        "01/01/2101",
        "01/01/20234",
        "ngày 31 tháng 6 năm 2017",
        "42/2022/NĐ-CP",
        "12/2023/QĐ-UBND",
        "05/10/2022/QĐ-UBND",
        "128/2025/QĐ-UBND",
        "100 /TB-THCS",
        "15:20",
        "07/2023",
        "20230718",
        "1.18.07.2023.2",
        "v1.2.23",
        "1.009568",
        "1.010708.000.00.00.H56",
        "31 Jun 2023",
        "20231318T162400",
        "٠٣/٠٤/٢٠٢٦",
        # these need to know the present
        "2 giờ trước",
        "Hôm qua",
        "5/3",
        "99/99/99",
    ],
)
def test_no_date(text):
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 giờ trước", "2026-08-24 08:00"),
        ("11 giờ trước", "2026-08-23 23:00"),
        ("30 phút trước", "2026-08-24 09:30"),
        ("1 giờ 30 phút trước", "2026-08-24 08:30"),
        ("Vừa xong", "2026-08-24 10:00"),
        ("3 ngày trước", "2026-08-21"),
        ("1 tuần trước", "2026-08-17"),
        ("Hôm nay", "2026-08-24"),
        ("Hôm nay 08:15", "2026-08-24 08:15"),
        ("hôm qua", "2026-08-23"),
        ("Hôm qua, lúc 4:24 CH", "2026-08-23 16:24"),
        ("08:15 hôm qua", "2026-08-23 08:15"),
        ("hôm kia", "2026-08-22"),
        ("5/3", "2026-03-05"),
        ("5/3 08:15", "2026-03-05 08:15"),
        ("24/8", "2026-08-24"),
        ("25/8", "2025-08-25"),
        ("29/2", "2024-02-29"),
        ("ngày 5 tháng 3", "2026-03-05"),
        ("ngày 5-3", "2026-03-05"),
        ("Kỳ 45/67, ngày 5/3", "2026-03-05"),
        ("18/07/23", "2023-07-18"),
        ("24/08/26", "2026-08-24"),
        ("25/12/98", "1998-12-25"),
        ("2 giờ trước (18/07/2023)", "2023-07-18"),
    ],
)
def test_what_depends_on_the_present(text, expected):
    assert parse(text, now=NOW) == moment(expected)
    assert parse(text, now=NOW.astimezone(UTC)) == moment(expected)
    assert parse(text, now=NOW.replace(tzinfo=None)) == moment(expected)
    assert parse(unicodedata.normalize("NFD", text.upper()), now=NOW) == moment(expected)


def test_today_is_vietnams():
    evening = datetime(2026, 8, 23, 23, 30, tzinfo=UTC)
    assert parse("Hôm nay", now=evening) == moment("2026-08-24")
    assert parse("24/8", now=evening) == moment("2026-08-24")


@pytest.mark.parametrize(
    "text",
    [
        "25/08/26",
        "45/67",
        "31/6",
        "Số 10/12",
        "24/7/",
        "12/KH-UBND",
        "128/2025/QĐ-UBND",
        "1,5/3",
        "2 giờ",
        "trước",
        "02/13/2026",
    ],
)
def test_no_date_even_today(text):
    assert parse(text, now=NOW) is None


PRINTED = [
    "Đăng ngày {0:%d - %m - %Y}",
    "ngày {0.day} tháng {0.month} năm {0.year}",
    "ngày {0.day}/{0.month}/{0.year}",
    "{0:%d/%m/%Y}",
    "{0:%d-%m-%Y}",
    "{0:%d.%m.%Y}",
    "{0:%Y-%m-%d}",
    "{0:%Y/%m/%d}",
]
CLOCKS = [
    "{0} {1:%H:%M}",
    "{0} | {1:%I:%M %p}",
    "{0} - {1:%H:%M}",
    "{1:%H:%M}, {0}",
    "{0} {1:%Hh%M}",
    "{0} {1.hour}:{1:%M:%S}",
]
EPOCH = datetime(1945, 1, 2, tzinfo=VIETNAM)
minutes = st.integers(0, 155 * 365 * 24 * 60).map(lambda count: EPOCH + timedelta(minutes=count))


@quick
@given(minutes, st.sampled_from(PRINTED))
def test_printed_days_come_back(at, form):
    expected = Moment(at=datetime(at.year, at.month, at.day, tzinfo=VIETNAM), precision="day")
    assert parse(form.format(at)) == expected
    assert parse(f"{form.format(at)}/QĐ-UBND") is None


@quick
@given(minutes, st.sampled_from(PRINTED), st.sampled_from(CLOCKS))
def test_printed_minutes_come_back(at, form, clock):
    midnight = clock.endswith("%S}") and (at.hour, at.minute) == (0, 0)  # 00:00:00 is no minute but a bare date
    expected = Moment(at=at, precision="day" if midnight else "minute")
    assert parse(clock.format(form.format(at), at)) == expected


@quick
@given(minutes)
def test_dotnet_minutes_come_back(at):
    half = "SA" if at.hour < 12 else "CH"
    text = f"({at:%d/%m/%Y} {at.hour % 12 or 12}:{at:%M} {half})"
    assert parse(text) == Moment(at=at, precision="minute")


@quick
@given(minutes, st.integers(-12 * 60, 14 * 60))
def test_offsets_name_the_same_moment(at, offset):
    assume((at.hour, at.minute) != (0, 0))  # a program's midnight is a date, as the next test says
    here = at.replace(tzinfo=timezone(timedelta(minutes=offset)))
    assert parse(here.isoformat()).at == here
    assert parse(f"{here:%a, %d %b %Y %H:%M:%S %z}").at == here


@pytest.mark.parametrize(
    ("text", "expected", "precision"),
    [
        ("Fri Oct 19 00:00:00 GMT 2018", "2018-10-19T00:00:00+07:00", "day"),
        ("Fri Oct 19 20:20:30 GMT 2018", "2018-10-20T03:20:30+07:00", "minute"),
        ("Tue Nov 07 15:04:05 ICT 2017", "2017-11-07T15:04:05+07:00", "minute"),
        ("2018-10-26T00:00:00+0700", "2018-10-26T00:00:00+07:00", "day"),
        ("Wed, 19 Jul 2023 00:00:00 GMT", "2023-07-19T00:00:00+07:00", "day"),
        ("18/07/2023 00:00", "2023-07-18T00:00:00+07:00", "minute"),
    ],
)
def test_what_programs_print_unformatted(text, expected, precision):
    found = parse(text)
    assert (found.at.isoformat(), found.precision) == (expected, precision)


@quick
@given(st.integers(1, 99), st.integers(1, 99), st.integers(1900, 2199))
def test_day_and_month_are_never_swapped(day, month, year):
    found = parse(f"{day}/{month}/{year}")
    try:
        expected = date(year, month, day)
    except ValueError:
        expected = None
    assert (found and found.at.date()) == (expected if expected and 1945 <= year <= 2100 else None)


@settings(max_examples=400)
@given(
    st.one_of(
        st.text(st.characters(), max_size=40),
        st.lists(
            st.sampled_from(
                [
                    *"0123456789/-.:|,()+ tTzZ",
                    "12",
                    "2026",
                    "ngày",
                    "tháng",
                    "năm",
                    "giờ",
                    "trước",
                    "hôm qua",
                    "SA",
                    "CH",
                    "GMT",
                    "Jul",
                    "thứ ba",
                    "9999",
                ]
            ),
            max_size=14,
        ).map("".join),
    ),
    st.none() | st.datetimes(timezones=st.sampled_from([None, UTC, VIETNAM])),
)
def test_nothing_raises(text, now):
    found = parse(text, now=now)
    if found:
        assert 1945 <= found.at.year <= 2100
        assert found.at.utcoffset() == timedelta(hours=7)
        assert found.precision == "minute" or found.at.time() == datetime.min.time()
    from_path(text)


@pytest.mark.parametrize(
    "unit", ["1/", "1 ", "12:", "12:34 ", "1 - ", "ngay ", "1 gio ", "thu 2 ", "01/01/", "/pages/2023-"]
)
def test_long_input_is_no_trouble(unit):
    text = unit * 20_000
    parse(text, now=NOW)
    from_path(text)


DAY = moment("2023-07-18")
MINUTE = moment("2023-07-18 16:24")


@pytest.mark.parametrize(
    ("day", "other", "expected"),
    [
        (None, None, None),
        (None, MINUTE, MINUTE),
        (None, DAY, DAY),
        (DAY, None, DAY),
        (DAY, MINUTE, MINUTE),
        (DAY, moment("2023-07-19 00:00"), DAY),
        (DAY, moment("2023-07-17 23:59"), DAY),
        (DAY, moment("2023-07-19"), DAY),
        (MINUTE, moment("2023-07-18 09:00"), MINUTE),
        (MINUTE, DAY, MINUTE),
        (moment("2023-07-18 00:00"), MINUTE, moment("2023-07-18 00:00")),  # midnight, but said to the minute
    ],
)
def test_refine(day, other, expected):
    assert refine(day, other) == expected


def test_refine_compares_local_days():
    utc = Moment(at=datetime(2023, 7, 17, 18, 0, tzinfo=UTC), precision="minute")  # 1:00 on the 18th
    assert refine(DAY, utc) is utc


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/portal/Pages/2023-7-18/Cum-thi-dua-So-Noi-vu9x8y7z.aspx", "2023-07-18"),
        ("/portal/pages/2023-01-30/tin-468686.aspx", "2023-01-30"),
        ("https://namdinh.gov.vn/portal/Pages/2021-10-5/Ung-dung-tuja6ggf.aspx?x=1", "2021-10-05"),
        ("/portal/Pages/2023-7-18", "2023-07-18"),
    ],
)
def test_from_path(path, expected):
    assert from_path(path) == moment(expected)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/portal/Pages/default.aspx",
        "/portal/Photos/2023-07-18/a.jpg",
        "/portal/Pages/2023-13-18/tin.aspx",
        "/portal/Pages/2023-02-30/tin.aspx",
        "/portal/Pages/2023-7-181/tin.aspx",
        "/portal/Pages/2023-7-18-tin.aspx",
        "/portal/Pages/1023-7-18/tin.aspx",
    ],
)
def test_no_date_in_path(path):
    assert from_path(path) is None
