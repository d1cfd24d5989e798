internal import JSON

extension Library {
    /// IP addresses and networks (cel-go `ext/network.go`; Kubernetes `apiserver/pkg/cel/library/ip.go` and `cidr.go`).
    static let network = Library(
        name: "network",
        types: [ip, cidr],
        functions: [
            Function(
                "ip",
                row("string_to_ip", [.string], ip, named: .traversal, .unary(Network.address)),
                method("cidr_ip", [cidr], ip, .unary { value, _ in .object(IPValue(value.prefix.address)) })
            ),
            Function("isIP", row("is_ip", [.string], .bool, named: .traversal, .unary(Network.isAddress))),
            Function(
                "ip.isCanonical",
                row("ip_is_canonical", [.string], .bool, named: .traversalTwice, .unary(Network.isCanonical))
            ),
            Function("family", method("ip_family", [ip], .int, .unary { ip, _ in .int(Int64(ip.address.family)) })),
            predicate("isUnspecified", "ip_is_unspecified", \.isUnspecified),
            predicate("isLoopback", "ip_is_loopback", \.isLoopback),
            predicate("isLinkLocalMulticast", "ip_is_link_local_multicast", \.isLinkLocalMulticast),
            predicate("isLinkLocalUnicast", "ip_is_link_local_unicast", \.isLinkLocalUnicast),
            predicate("isGlobalUnicast", "ip_is_global_unicast", \.isGlobalUnicast),
            Function("cidr", row("string_to_cidr", [.string], cidr, named: .traversal, .unary(Network.prefix))),
            Function("isCIDR", row("is_cidr", [.string], .bool, named: .traversal, .unary(Network.isPrefix))),
            Function(
                "containsIP",
                containing("cidr_contains_ip_ip", ip, isText: false, .binary(Network.containsAddress)),
                containing("cidr_contains_ip_string", .string, isText: true, .binary(Network.containsAddress))
            ),
            Function(
                "containsCIDR",
                containing("cidr_contains_cidr", cidr, isText: false, .binary(Network.containsPrefix)),
                containing("cidr_contains_cidr_string", .string, isText: true, .binary(Network.containsPrefix))
            ),
            Function(
                "isMask",
                .method(
                    "cidr_is_mask",
                    [cidr],
                    .bool,
                    availability: .standardOnly,
                    .unary { value, _ in .bool(value.prefix == value.prefix.masked) }
                )
            ),
            Function("masked", method("cidr_masked", [cidr], cidr, .unary(Network.masked))),
            Function(
                "prefixLength",
                method("cidr_prefix_length", [cidr], .int, .unary { value, _ in .int(Int64(value.prefix.length)) })
            ),
            Function(
                "string",
                row("ip_to_string", [ip], .string, .unary { value, _ in .string(value.address.text) }),
                row("cidr_to_string", [cidr], .string, .unary { value, _ in .string(value.prefix.text) })
            ),
        ]
    )

    private static let ip = IPValue.type
    private static let cidr = CIDRValue.type
    private static let everywhere = Availability.everywhere(kubernetes: 30)

    private static func row(
        _ id: String,
        _ parameters: [CELType],
        _ result: CELType,
        named: CallCost? = nil,
        _ implementation: Implementation
    ) -> Overload {
        .function(id, parameters, result, availability: everywhere, named: named, implementation)
    }

    private static func method(
        _ id: String,
        _ parameters: [CELType],
        _ result: CELType,
        _ implementation: Implementation
    ) -> Overload {
        .method(id, parameters, result, availability: everywhere, implementation)
    }

    private static func predicate(
        _ name: String,
        _ id: String,
        _ holds: @escaping @Sendable (IPAddress) -> Bool
    ) -> Function {
        Function(name, method(id, [ip], .bool, .unary { value, _ in .bool(holds(value.address)) }))
    }

    /// A row whose cost is that of comparing the network's bytes, once for an address and half as much again for a network,
    /// and of reading the text, if it is one.
    private static func containing(
        _ id: String,
        _ parameter: CELType,
        isText: Bool,
        _ implementation: Implementation
    ) -> Overload {
        let isNetwork = id.utf8.starts(with: "cidr_contains_cidr".utf8)
        let cost = CallCost.computed { arguments, _, evaluation in
            let bytes = UInt64((arguments[0].prefix.length + 7) / 8)
            var cost = CallCost.scaled(bytes * 2, 0.1)
            if isNetwork { cost += CallCost.scaled(bytes, 0.1) + 1 }
            if isText { cost += CallCost.scaled(evaluation.size(of: arguments[1]), 0.1) }
            return cost
        }
        return .method(id, [cidr, parameter], .bool, availability: everywhere, named: cost, implementation)
    }
}

/// An IP address as a value.
final class IPValue: ObjectValue {
    static let type = CELType.opaque("net.IP")
    let address: IPAddress

    init(_ address: IPAddress) { self.address = address }

    var type: CELType { Self.type }
    func isEqual(to other: any ObjectValue) -> Bool { (other as? IPValue)?.address == address }
}

/// A network as a value.
final class CIDRValue: ObjectValue {
    static let type = CELType.opaque("net.CIDR")
    let prefix: IPPrefix

    init(_ prefix: IPPrefix) { self.prefix = prefix }

    var type: CELType { Self.type }
    func isEqual(to other: any ObjectValue) -> Bool { (other as? CIDRValue)?.prefix == prefix }
}

extension CELValue {
    fileprivate var address: IPAddress {
        if case .object(let object) = self, let value = object as? IPValue { return value.address }
        return IPAddress(family: 6, bits: 0)
    }

    fileprivate var prefix: IPPrefix {
        if case .object(let object) = self, let value = object as? CIDRValue { return value.prefix }
        return IPPrefix(IPAddress(family: 6, bits: 0), length: 128)
    }
}

private enum Network {
    static func address(_ text: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        .object(IPValue(try parseAddress(text, evaluation)))
    }

    static func isAddress(_ text: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        .bool((try? parseAddress(text, evaluation)) != nil)
    }

    static func isCanonical(_ text: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let canonical = try parseAddress(text, evaluation).text
        return .bool(evaluation.isEqual(text, .string(canonical)))
    }

    static func prefix(_ text: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        .object(CIDRValue(try parsePrefix(text, evaluation)))
    }

    static func isPrefix(_ text: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        .bool((try? parsePrefix(text, evaluation)) != nil)
    }

    static func containsAddress(
        _ cidr: CELValue,
        _ ip: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let address = ip.isString ? try parseAddress(ip, evaluation) : ip.address
        return .bool(cidr.prefix.contains(address))
    }

    static func containsPrefix(
        _ cidr: CELValue,
        _ other: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let prefix = other.isString ? try parsePrefix(other, evaluation) : other.prefix
        return .bool(cidr.prefix.contains(prefix))
    }

    static func masked(_ cidr: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        .object(CIDRValue(cidr.prefix.masked))
    }

    private static func parseAddress(
        _ text: CELValue,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) -> IPAddress {
        try evaluation.withUTF8(text) { (bytes) throws(CELError) -> IPAddress in
            do throws(IPAddress.Flaw) { return try IPAddress(bytes) } catch {
                throw failure(error, "IP Address", bytes)
            }
        }
    }

    private static func parsePrefix(
        _ text: CELValue,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) -> IPPrefix {
        try evaluation.withUTF8(text) { (bytes) throws(CELError) -> IPPrefix in
            do throws(IPAddress.Flaw) { return try IPPrefix(bytes) } catch {
                throw failure(error, "network address", bytes)
            }
        }
    }

    private static func failure(_ flaw: IPAddress.Flaw, _ what: String, _ bytes: Span<UInt8>) -> CELError {
        let text = "\"\(String(bytes.extracting(0..<Swift.min(bytes.count, 64))))\""
        return switch flaw {
        case .malformed(let reason):
            CELError(.invalidArgument, "\(what) \(text) parse error during conversion from string: \(reason)")
        case .zone: CELError(.invalidArgument, "IP address \(text) with zone value is not allowed")
        case .mapped: CELError(.invalidArgument, "IPv4-mapped IPv6 address \(text) is not allowed")
        }
    }
}
