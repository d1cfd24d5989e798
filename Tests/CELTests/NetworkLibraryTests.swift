import CEL
import Testing

@Suite struct NetworkLibraryTests {
    static let cases: [LibraryCase] = [
        .gives("string(ip('192.168.0.1'))", "'192.168.0.1'"),
        .gives("string(ip('2001:DB8:0:0:1:0:0:1'))", "'2001:db8::1:0:0:1'"),
        .gives("string(ip('1:0:0:2:0:0:0:3'))", "'1:0:0:2::3'"),
        .gives("string(ip('1:2:3:4:5:6:0:8'))", "'1:2:3:4:5:6:0:8'"),
        .gives("string(ip('64:ff9b::192.0.2.33'))", "'64:ff9b::c000:221'"),
        .gives("string(ip('1:2:3:4:5:6:7::'))", "'1:2:3:4:5:6:7:0'"),
        .gives("ip.isCanonical('127.0.0.1') && ip.isCanonical('2001:db8::abcd')", "true"),
        .gives("ip.isCanonical('2001:DB8::ABCD') || ip.isCanonical('2001:db8::0:0:0:abcd')", "false"),
        .fails("ip.isCanonical('127.0.0.1.0')", "parse error"),
        .fails("ip('fe80::1%en0')", "with zone value is not allowed"),
        .fails("ip('::ffff:192.168.0.1')", "IPv4-mapped IPv6 address"),
        .gives("[ip('1.2.3.4').family(), ip('::1').family()]", "[4, 6]"),
        .gives("ip('0.0.0.0').isUnspecified() && ip('::').isUnspecified() && !ip('::1').isUnspecified()", "true"),
        .gives("ip('127.9.9.9').isLoopback() && ip('::1').isLoopback() && !ip('128.0.0.1').isLoopback()", "true"),
        .gives(
            "ip('224.0.0.1').isLinkLocalMulticast() && ip('ff02::1').isLinkLocalMulticast() && ip('ff12::1').isLinkLocalMulticast()",
            "true"
        ),
        .gives("ip('224.0.1.1').isLinkLocalMulticast() || ip('fd00::1').isLinkLocalMulticast()", "false"),
        .gives("ip('169.254.169.254').isLinkLocalUnicast() && ip('febf::1').isLinkLocalUnicast()", "true"),
        .gives("ip('fec0::1').isLinkLocalUnicast() || ip('192.168.0.1').isLinkLocalUnicast()", "false"),
        .gives("ip('192.168.0.1').isGlobalUnicast() && ip('2001:db8::abcd').isGlobalUnicast()", "true"),
        .gives(
            "ip('255.255.255.255').isGlobalUnicast() || ip('ff00::1').isGlobalUnicast() || ip('::1').isGlobalUnicast()",
            "false"
        ),
        .gives("ip('::1') == ip('0:0:0:0:0:0:0:1')", "true"),
        .gives("ip('::') == ip('0.0.0.0')", "false"),
        .gives("type(ip('::')) == net.IP && type(cidr('::/0')) == net.CIDR", "true"),

        .gives("string(cidr('2001:DB8::/32'))", "'2001:db8::/32'"),
        .gives("isCIDR('192.168.0.1/24')", "true"),
        .fails("cidr('192.168.0.0/')", "parse error"),
        .fails("cidr('::ffff:192.168.0.1/24')", "IPv4-mapped IPv6 address"),
        .gives("cidr('192.168.0.0/24').containsIP(ip('192.168.0.255'))", "true"),
        .gives("cidr('192.168.0.0/24').containsIP('192.168.1.0')", "false"),
        .gives("cidr('0.0.0.0/0').containsIP('::1') || cidr('::/0').containsIP('1.2.3.4')", "false"),
        .gives("cidr('0.0.0.0/0').containsIP('255.255.255.255') && cidr('::/0').containsIP('ffff::')", "true"),
        .fails("cidr('0.0.0.0/0').containsIP('x')", "parse error"),
        .gives(
            "cidr('10.0.0.0/8').containsCIDR(cidr('10.1.0.0/16')) && cidr('10.0.0.0/8').containsCIDR('10.0.0.0/8')",
            "true"
        ),
        .gives(
            "cidr('10.0.0.0/8').containsCIDR('10.0.0.0/7') || cidr('10.0.0.0/8').containsCIDR('11.0.0.0/16')",
            "false"
        ),
        .gives("cidr('192.168.0.1/24').ip() == ip('192.168.0.1')", "true"),
        .gives("cidr('192.168.0.1/24').masked() == cidr('192.168.0.0/24')", "true"),
        .gives("cidr('192.168.0.1/24') == cidr('192.168.0.0/24')", "false"),
        .gives("string(cidr('2001:db8:ffff::1/33').masked())", "'2001:db8:8000::/33'"),
        .gives("cidr('::1/128').prefixLength()", "128"),
    ]

    @Test(arguments: cases) func isTheSameEverywhere(_ test: LibraryCase) {
        test.check(.standard)
        test.check(.kubernetes(36))
    }

    static let notAddresses = [
        "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.1000", "01.2.3.4", "1.2.3.04", "1..2.3", "1.2.3.", ".1.2.3",
        "1.2.3.a", " 1.2.3.4",
        ":", ":::1", ":1", "1:", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "1:2:3:4:5:6:7::8",
        "::1.2.3",
        "1.2.3.4::", "1:2:3:4:5:6:7:1.2.3.4", "::%", "%eth0", "1.2.3.4%eth0", "[::1]",
    ]

    @Test(arguments: notAddresses) func refusesAddress(_ text: String) {
        LibraryCase.gives("isIP('\(text)')", "false").check(.kubernetes(36))
        LibraryCase.fails("ip('\(text)')", "").check(.standard)
    }

    @Test(arguments: [
        "1.2.3.4", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/-1", "1.2.3.4/+8", "1.2.3.4/08", "1.2.3.4/8 ", "::/129",
        "::1%en0/64", "/8", "1.2.3/8",
    ])
    func refusesPrefix(_ text: String) {
        LibraryCase.gives("isCIDR('\(text)')", "false").check(.kubernetes(36))
        LibraryCase.fails("cidr('\(text)')", "").check(.standard)
    }

    @Test func isMaskIsOfTheStandardAlone() {
        LibraryCase.gives("[cidr('10.0.0.0/8').isMask(), cidr('10.0.0.1/8').isMask()]", "[true, false]").check(
            .standard
        )
        LibraryCase.refuses("cidr('10.0.0.0/8').isMask()").check(.kubernetes(36))
    }
}
