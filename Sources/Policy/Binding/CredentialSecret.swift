internal import JSON
internal import Kubernetes

/// What Azure Service Operator reads of a Secret that it takes for a credential.
///
/// It takes one only if client, tenant and subscription are all there, so that no other key does anything alone.
enum CredentialSecret {
    /// The keys that it reads, and what they decide.
    enum Key: String, CaseIterable, Sendable {
        case clientID = "AZURE_CLIENT_ID"
        case subscriptionID = "AZURE_SUBSCRIPTION_ID"
        case tenantID = "AZURE_TENANT_ID"
        /// Where tokens may be got for besides: a list with commas, in which `*` is any tenant.
        case additionalTenants = "AZURE_ADDITIONAL_TENANTS"
        /// The application of Entra kinds, a client ID too.
        case entraApplicationID = "ENTRA_APP_ID"
        /// A file of the operator's that names another identity.
        case userAssignedIdentityCredentials = "AZURE_USER_ASSIGNED_IDENTITY_CREDENTIALS"
        /// Whom the operator proves its identity to, and where it sends its tokens: an attacker's host gets them.
        case authorityHost = "AZURE_AUTHORITY_HOST"
        case resourceManagerEndpoint = "AZURE_RESOURCE_MANAGER_ENDPOINT"
        case resourceManagerAudience = "AZURE_RESOURCE_MANAGER_AUDIENCE"
        // What proves that one is who the client ID says changes nothing about who that is.
        case clientSecret = "AZURE_CLIENT_SECRET"
        case clientCertificate = "AZURE_CLIENT_CERTIFICATE"
        case clientCertificatePassword = "AZURE_CLIENT_CERTIFICATE_PASSWORD"
    }

    /// The name under which a Secret is the credential of its whole namespace.
    static let namespaceWide: StaticString = "aso-credential"

    /// Where a Secret keeps its values; what stands in the last of them counts.
    private static let fields: [(name: StaticString, isEncoded: Bool)] = [("data", true), ("stringData", false)]
    private static let keys = Key.allCases
    private static let prefix: StaticString = "AZURE_"

    /// Whether a Secret is, or could be taken for, a credential: every request with a Secret asks.
    static func concerns(_ object: JSONValue, in document: JSONDocument) -> Bool {
        if let name = ObjectMeta(of: object, in: document).name, document.equals(name, namespaceWide) { return true }
        for (name, _) in fields {
            guard let members = document.member(name, of: object) else { continue }
            for (key, _) in document.members(of: members) where document.utf8(key).hasPrefix(prefix) {
                if self.key(key, in: document) != nil { return true }
            }
        }
        return false
    }

    private static func key(_ key: JSONValue, in document: JSONDocument) -> Key? {
        keys.first { document.equals(key, $0.rawValue) }
    }

    /// What the API server will store under a key, and where that stands.
    struct Value {
        let key: Key
        let field: StaticString
        let value: JSONValue
        /// The bytes; nil if it is not base64, no string, or too long to be what it should be.
        let bytes: [UInt8]?
    }

    /// The longest value that is read, in bytes as it is written: a list of some hundred tenants.
    private static let maximumValueBytes = 4096

    /// The values under the keys that it has, in the order of `Key`.
    static func values(of object: JSONValue, in document: JSONDocument) -> [Value] {
        var found: [Key: Value] = [:]
        for (name, isEncoded) in fields {
            guard let members = document.member(name, of: object) else { continue }
            for (text, value) in document.members(of: members) {
                guard let key = key(text, in: document) else { continue }
                found[key] = Value(key: key, field: name, value: value, bytes: bytes(value, isEncoded, in: document))
            }
        }
        return keys.compactMap { found[$0] }
    }

    private static func bytes(_ value: JSONValue, _ isEncoded: Bool, in document: JSONDocument) -> [UInt8]? {
        // To the API server null is an empty value, and with that the operator takes what its own environment says.
        if value.isNull { return [] }
        guard value.isString else { return nil }
        let text = document.utf8(value)
        guard text.count <= maximumValueBytes else { return nil }
        if isEncoded { return [UInt8](base64: text) }
        var bytes: [UInt8] = []
        for index in text.indices { bytes.append(text[index]) }
        return bytes
    }
}

extension [UInt8] {
    /// Decodes base64 with padding (RFC 4648 §4), nil if it is none.
    ///
    /// Line ends are passed over, as Go does.
    init?(base64 text: Span<UInt8>) {
        self = []
        reserveCapacity(text.count / 4 * 3)
        var group: UInt32 = 0
        var digits = 0
        var padding = 0
        for index in text.indices where text[index] != UInt8(ascii: "\n") && text[index] != UInt8(ascii: "\r") {
            // A group with padding is the last.
            if padding > 0 && digits == 0 { return nil }
            if text[index] == UInt8(ascii: "=") {
                guard digits >= 2 else { return nil }
                padding += 1
                group <<= 6
            } else {
                guard padding == 0, let digit = Self.value(ofBase64: text[index]) else { return nil }
                group = group << 6 | digit
            }
            digits += 1
            guard digits == 4 else { continue }
            append(UInt8(truncatingIfNeeded: group >> 16))
            if padding < 2 { append(UInt8(truncatingIfNeeded: group >> 8)) }
            if padding < 1 { append(UInt8(truncatingIfNeeded: group)) }
            (group, digits) = (0, 0)
        }
        guard digits == 0 else { return nil }
    }

    private static func value(ofBase64 digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
