"""What people and programs type into a search box: every entry must answer it."""

ODD = [
    "", " ", "42/2022/NĐ-CP", '"', '""', '"a', 'a"b', '-"', '-""', "(", ")", "*", "^", "NEAR(", "NEAR(a b, 3)", "AND",
    "a AND", "OR", "NOT", "-x", "--x", "-", "- x", "a.b", "col:x", "title:x", "\0", "a\0b", "😀", "👩‍👩‍👧",
    "x" * 100_000, "a " * 50_000, '"' * 1000, "-" * 1000, "\ud800", "a\udfffb", "\\", "a\\", "{}", "[a TO b]", "a~2",
    "a^2", "+a", "%", "'; DROP TABLE articles; --", "<script>", "\u0301", "a\u0301\u0301\u0301", "１２", "中文", "ẞ",
    "İ", "#cursor", "_", "a_b", "1_000", "\u200b", "đ", "Đ", "\t\n", "é\u200bè",
    "(" * 5000, "(a" * 5000, "a|" * 5000, "-(" * 3000 + "a", "a OR " * 3000, ")(", "(()", "a*", "ab*", '"ab c"*', "**",
    "*ab", "tu:31/02/2023", "tu:", "tu: ", "tu:x", 'tu:"', "den:0000", "from:99999", "tu:9999", "den:9999-12",
    "loai:abc",
    "loai:", "nguon:", "nguon:\\", "nguon:[a", "nguon:a|b", "nguon:.*", 'nguon:"', "linhvuc:***", "so:abc", "so:1;2",
    "so:" + "1/" * 400, "số: 12 / QĐ - UBND", "-tu:2023", "-(tu:2023)", "--(a OR -b)", "≈", "a ≈ b", "≈ ≈ a", "a ≈ (b",
    "https://user@a.vn:8080/b?c=d&e=%20#f", "an@b.gov.vn", "C++", "100%", "a:b", "a::b", ":", "::", "từ:đến:", "｜",
    "“a” b",
    "“", "a OR OR b", "OR a", "a OR (", "a (OR) b", "HOẶC", "a HOẶC b", "\ud800:\ud800", "tu:\ud800", "so:\ud800",
    "nguon:\ud800", "loai:\ud800", "linhvuc:\ud800", "l\u0129nh v\u1ef1c:x", "lĩnh vực:x", "lĩnh  vực:x",
]  # fmt: skip
