"""URLs that must never lead to a connection, in the spellings that have fooled others."""

PRIVATE_V4 = (
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254",
    "169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1",
    "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "100.100.100.200", "10.1.1.1",
)  # fmt: skip

PRIVATE_V6 = (
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:7f00:1",
    "0:0:0:0:0:ffff:7f00:0001", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1",
    "2001:0:53aa:64c:0:0:80ff:fffe", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::",
    "3fff::1", "5f00::1", "fc00::1", "fd00::1", "fd00:ec2::254", "fdff:ffff::1", "fe80::1", "febf::1", "fec0::1",
    "feff::1", "ff02::1", "ff0e::1", "::a00:1", "0000:0000:0000:0000:0000:0000:0000:0001", "::ffff:0:127.0.0.1",
)  # fmt: skip

ODD_SPELLINGS = (
    "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.1", "0177.0.0.1", "0177.1", "017700000001",
    "127.0.0.01", "0127.0.0.1", "127.0.0.1.", "127.0.0.1..", "1.0.0.127.0x1", "%31%32%37.0.0.1", "127。0。0。1",
    "127.0.0.1", "①②⑦.⓪.⓪.①", "127.0.0.1%00.example.com", "127.0.0.1%20", "[::1%25lo]", "[fe80::1%25eth0]",
    "[fe80::1%eth0]", "3232235521", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "169.254.43518", "[::]",
    "[0:0::1]", "[::ffff:0x7f.1]", "٠.٠.٠.٠", "127.0.0.0x1", "0", "0x0", "00", "0.0", "0x", "256.256.256.256", "1.2.3",
)  # fmt: skip

INTERNAL_NAMES = (
    "localhost", "LOCALHOST", "localhost.", "foo.localhost", "localhost.localdomain", "intranet", "db", "redis",
    "printer.local", "metadata.google.internal", "vault.internal", "router.home.arpa", "x.onion", "host.invalid",
    "kubernetes", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "ｌｏｃａｌｈｏｓｔ", "a..b.com", ".example.com", "-a.example.com", "exa mple.com",
    "example.com\\@127.0.0.1", "a" * 64 + ".com", "x" * 254, "ex\u00adample\u200b..com",
)  # fmt: skip

ODD_URLS = (
    "", " ", "https://", "https:///x", "https:/x", "//example.com/x", "example.com", "http://example.com/",
    "ftp://example.com/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "javascript:alert(1)",
    "data:text/plain,x", "unix:///var/run/docker.sock", "dict://127.0.0.1:11211/", "ldap://example.com",
    "jar:https://example.com!/x", "https://user@example.com/", "https://user:pw@example.com/",
    "https://example.com@127.0.0.1/", "https://127.0.0.1@example.com/", "https://example.com:0/",
    "https://example.com:99999/", "https://example.com:port/", "https://example.com:-1/", "https://[::1",
    "https://::1/", "https://[example.com]/", "https://exam\nple.com/", "https://example.com/\r\nX: y",
    "https://example.com/\x00", "https://example.com/a b", "\thttps://example.com/", "https://example.com\\x",
    "https:\\\\example.com", "https://example.com/" + "a" * 2048, "https://ex%61mple.com/", "https://a/b",
    "https://127.0.0.1#@example.com/", "https://127.0.0.1?@example.com/", "https://[::ffff:127.0.0.1]:443/",
    "HTTP://LOCALHOST/", "https://#", "https://?", "https://.", "https://..", "https://*", "https://*.example.com/",
    "ws://example.com/", "wss://example.com/", "https://example.com:443:443/", "http://[::1]:80/", "https://​/",
    "https://127.0.0.1:443@example.com:443/", "https://1.1.1.1 &@2.2.2.2# @3.3.3.3/", "https://0/",
    "https://example.com%2F@127.0.0.1/", "https://[2001:db8::1]/", "https://ex.com:8443/<x>", "https://ex.com/{x}",
)  # fmt: skip

HOSTILE = tuple(
    dict.fromkeys((
        *(f"{scheme}://{host}/x" for host in PRIVATE_V4 for scheme in ("https", "http")),
        *(f"https://[{host}]/x" for host in PRIVATE_V6),
        *(f"https://{host}/x" for host in (*ODD_SPELLINGS, *INTERNAL_NAMES)),
        *ODD_URLS,
    ))
)  # fmt: skip

FORBIDDEN_ANSWERS = (*PRIVATE_V4, *PRIVATE_V6)
"""What a hostile name server may answer for an innocent name."""
