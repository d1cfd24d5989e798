internal import COpenSSL
internal import Glibc

/// A name or an address that a certificate may be used for (RFC 5280 §4.2.1.6).
public enum SubjectAlternativeName: Hashable, Sendable {
    /// A DNS name, whose first label may be `*`.
    case dns(String)
    /// An IPv4 or IPv6 address in its usual form.
    case ip(String)
    /// A URI, such as a SPIFFE ID.
    case uri(String)

    /// Guesses which kind a text is: an address, something with `://` in it, or else a DNS name.
    ///
    /// - Parameter text: Such as `10.0.0.1`, `spiffe://example/ns/a`, `portcullis.portcullis-system.svc`.
    /// - Throws: `.badName` if it is none of these.
    public init(parsing text: String) throws(CertificateError) {
        if SubjectAlternativeName.address(text) != nil {
            self = .ip(text)
        } else if text.utf8.contains(UInt8(ascii: ":")) {
            self = .uri(text)
        } else {
            self = .dns(text)
        }
        try check()
    }

    /// Insists that the text is what its case says.
    func check() throws(CertificateError) {
        switch self {
        case .dns(let name):
            let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            // All digits at the end: an address with a slip in it, for no top-level domain is a number.
            let isNumber = labels.last?.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? true
            let isName =
                name.utf8.count <= 253 && !isNumber
                && labels.enumerated().allSatisfy { index, label in
                    if index == 0, labels.count > 2, label.elementsEqual("*".utf8) { return true }
                    return (1...63).contains(label.count)
                        && label.allSatisfy { byte in
                            switch byte {
                            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                                true
                            default: false
                            }
                        }
                        && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                }
            if !isName { throw CertificateError(.badName(name)) }
        case .ip(let text):
            if SubjectAlternativeName.address(text) == nil { throw CertificateError(.badName(text)) }
        case .uri(let text):
            let scheme = text.utf8.prefix { $0 != UInt8(ascii: ":") }
            let isURI =
                text.utf8.allSatisfy { (0x21...0x7e).contains($0) } && !scheme.isEmpty
                && text.utf8.dropFirst(scheme.count).starts(with: "://".utf8)
            if !isURI { throw CertificateError(.badName(text)) }
        }
    }

    /// The 4 or 16 bytes of an address.
    private static func address(_ text: String) -> [UInt8]? {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if unsafe inet_pton(family, text, &bytes) == 1 { return bytes }
        }
        return nil
    }
}

extension SubjectAlternativeName: CustomStringConvertible {
    /// As `openssl x509 -text` writes it: `DNS:example.com`.
    public var description: String {
        switch self {
        case .dns(let name): "DNS:\(name)"
        case .ip(let address): "IP:\(address)"
        case .uri(let uri): "URI:\(uri)"
        }
    }
}

// MARK: - ASN.1

extension SubjectAlternativeName {
    /// Reads what a certificate holds; nothing for kinds that are not ours.
    init?(_ name: UnsafePointer<GENERAL_NAME>) {
        var type: CInt = 0
        guard let value = unsafe GENERAL_NAME_get0_value(name, &type) else { return nil }
        let string = unsafe UnsafePointer(value.assumingMemoryBound(to: ASN1_STRING.self))
        switch type {
        case GEN_DNS: self = .dns(unsafe Certificate.text(string) ?? "")
        case GEN_URI: self = .uri(unsafe Certificate.text(string) ?? "")
        case GEN_IPADD:
            let count = unsafe ASN1_STRING_length(string)
            guard count == 4 || count == 16 else { return nil }
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            unsafe inet_ntop(
                count == 4 ? AF_INET : AF_INET6,
                ASN1_STRING_get0_data(string),
                &text,
                socklen_t(text.count)
            )
            self = .ip(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
        default: return nil
        }
    }

    /// The form that goes into a certificate; the caller owns it.
    func generalName() -> UnsafeMutablePointer<GENERAL_NAME>? {
        let (type, stringType, bytes): (CInt, CInt, [UInt8]) =
            switch self {
            case .dns(let name): (GEN_DNS, V_ASN1_IA5STRING, Array(name.utf8))
            case .uri(let uri): (GEN_URI, V_ASN1_IA5STRING, Array(uri.utf8))
            case .ip(let text): (GEN_IPADD, V_ASN1_OCTET_STRING, SubjectAlternativeName.address(text) ?? [])
            }
        guard let name = unsafe GENERAL_NAME_new(), let string = unsafe ASN1_STRING_type_new(stringType),
            unsafe ASN1_STRING_set(string, bytes, CInt(bytes.count)) == 1
        else { fatalError("GENERAL_NAME_new: no memory") }
        unsafe GENERAL_NAME_set0_value(name, type, string)
        return unsafe name
    }
}
