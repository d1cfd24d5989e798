internal import Azure
internal import CEL
internal import JSON

/// Who may come in by address: ranges of firewall rules, addresses of network rules, sources of security rules.
struct AddressRule: Sendable {
    /// The first and last address of a range, both of one family.
    struct AddressRange: Hashable, Sendable {
        let family: Int
        var first: UInt128
        var last: UInt128
    }

    /// What may come in, sorted, none touching another; nil if any may.
    private let ranges: [AddressRange]?
    /// Service tags that may come in, in small letters.
    private let tags: [String]
    /// What may come in, as failures show it.
    private let allowed: String
    /// Whether 0.0.0.0, which lets in all of Azure, is as good as an allowed address; nil goes by the ranges.
    private let allAzureServices: Verdict?
    /// How many addresses one rule may let in.
    private let maximumAddresses: UInt128?

    static let parts: [Facet.Part] = [.startIP, .endIP, .allowedIP, .sourceAddress]

    private enum Access: String, CaseIterable {
        case allow = "Allow"
        case deny = "Deny"
    }

    /// Reads both fields, which say one thing in two ways; nil if neither is there.
    init?(allowedIPs: Node?, firewallRules: Node?) {
        guard allowedIPs != nil || firewallRules != nil else { return nil }
        var list = allowedIPs
        var verdict: Verdict?
        var maximum: UInt128?
        if let firewallRules {
            let names = ["allow", "allAzureServices", "maximumAddresses"]
            let fields = firewallRules.fields(names)
            if let allow = fields?["allow"] {
                if list != nil { allow.error("says what allowedIPs says already", mend: "remove one of them") }
                list = allow
            }
            verdict = fields?["allAzureServices"]?.keyword(Verdict.self)
            maximum = fields?["maximumAddresses"].flatMap { node in
                guard let number = node.number() else { return nil }
                guard let count = UInt128(exactly: number), count > 0 else {
                    node.error(
                        "is \(String(node.document.lexeme(node.value)))",
                        mend: "write a whole number of 1 or more"
                    )
                    return nil
                }
                return count
            }
            if firewallRules.value.isObject, firewallRules.document.count(of: firewallRules.value) == 0 {
                firewallRules.error("says nothing", mend: "add one of \(names.joined(separator: ", "))")
            }
        }
        var ranges: [AddressRange] = []
        var tags: [String] = []
        var shown: [String] = []
        for element in list?.elements() ?? [] {
            guard let text = element.string() else { continue }
            shown.append(text)
            switch Source(text) {
            case .range(let range): ranges.append(range)
            case .tag(let tag): tags.append(tag)
            case .nonsense(let why):
                element.error("is \"\(text.prefix(80))\", which is no address (\(why))", mend: Self.mend)
            }
        }
        self.ranges = list.map { _ in Self.merged(ranges) }
        self.tags = tags
        allowed = shown.joined(separator: ", ")
        allAzureServices = verdict
        maximumAddresses = maximum
    }

    private static let mend =
        "write an address, a prefix such as 203.0.113.0/24, a range such as 203.0.113.1-203.0.113.9 or a service tag"

    private static func merged(_ ranges: [AddressRange]) -> [AddressRange] {
        var result: [AddressRange] = []
        for range in ranges.sorted(by: { ($0.family, $0.first) < ($1.family, $1.first) }) {
            if let last = result.last, last.family == range.family,
                range.first <= last.last || range.first == last.last &+ 1
            {
                result[result.count - 1].last = Swift.max(last.last, range.last)
            } else {
                result.append(range)
            }
        }
        return result
    }
}

// MARK: Reading addresses

extension AddressRule {
    /// What a text lets in.
    private enum Source {
        case range(AddressRange)
        /// A service tag, in small letters.
        case tag(String)
        /// Neither; says why.
        case nonsense(String)

        init(_ text: String) {
            let bytes = text.utf8Span.span
            do throws(IPAddress.Flaw) {
                self = .range(try AddressRange(bytes))
            } catch {
                // Tags are words: AzureCloud, AzureFrontDoor.Backend, Internet, or the star that stands for all.
                let isWord =
                    text.utf8.count <= 80
                    && text.utf8.allSatisfy { $0.isAlphanumericASCII || $0 == 0x2E || $0 == 0x2D || $0 == 0x5F }
                    && text.utf8.contains { ($0 | 0x20) > 0x66 && ($0 | 0x20) <= 0x7A }
                self = isWord || text == "*" ? .tag(text.lowercased()) : .nonsense(error.words)
            }
        }
    }
}

extension AddressRule.AddressRange {
    /// Reads an address, `address/length`, or two addresses with a hyphen.
    init(_ text: Span<UInt8>) throws(IPAddress.Flaw) {
        for index in text.indices where text[index] == UInt8(ascii: "-") {
            let first = try IPAddress(text.extracting(0..<index))
            let last = try IPAddress(text.extracting((index + 1)..<text.count))
            guard first.family == last.family else { throw .malformed("the ends are of two families") }
            guard first.bits <= last.bits else { throw .malformed("the first is above the last") }
            self.init(family: first.family, first: first.bits, last: last.bits)
            return
        }
        for index in text.indices where text[index] == UInt8(ascii: "/") {
            let prefix = try IPPrefix(text)
            let free = UInt128(prefix.address.bitCount - prefix.length)
            // Shifting all 128 bits away gives 0.
            let mask: UInt128 = (1 << free) &- 1
            let first = prefix.address.bits & ~mask
            self.init(family: prefix.address.family, first: first, last: first | mask)
            return
        }
        let address = try IPAddress(text)
        self.init(family: address.family, first: address.bits, last: address.bits)
    }

    /// Whether it is every address of its family.
    var isEverything: Bool { first == 0 && last == (family == 4 ? UInt128(UInt32.max) : .max) }

    /// Whether it is the address by which Azure's firewalls mean all of Azure.
    var isAllOfAzure: Bool { family == 4 && first == 0 && last == 0 }

    func contains(_ other: AddressRule.AddressRange) -> Bool {
        family == other.family && first <= other.first && other.last <= last
    }
}

extension IPAddress.Flaw {
    fileprivate var words: String {
        switch self {
        case .malformed(let why): why
        case .zone: "it has a zone"
        case .mapped: "it is an IPv4 address inside of IPv6"
        }
    }
}

// MARK: Judging

extension AddressRule {
    func check(_ subject: borrowing Subject, _ rule: Rule, _ report: inout Report) throws(EvaluationError) {
        let places = subject.facets.places.span
        for index in places.indices where places[index].facet == .exposure {
            try report.meter.spend(1)
            let place = places[index]
            switch place.part {
            case .startIP:
                guard let end = try end(of: place, subject, &report.meter) else { continue }
                try check(place, end, subject, rule, &report)
            case .allowedIP where !isRefusal(place, subject):
                try check(place, subject, rule, &report)
            case .sourceAddress where isInbound(subject):
                try check(place, subject, rule, &report)
            default: continue
            }
        }
    }

    /// The last address of the rule whose first one is given.
    private func end(
        of start: Occurrence,
        _ subject: borrowing Subject,
        _ meter: inout Meter
    ) throws(EvaluationError) -> Occurrence? {
        let places = subject.facets.places.span
        for index in places.indices where places[index].facet == .exposure {
            try meter.spend(1)
            if places[index].part == .endIP { return places[index] }
        }
        return nil
    }

    /// A firewall rule: from one address to another.
    private func check(
        _ start: Occurrence,
        _ end: Occurrence,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        let (first, last) = (
            bound(start, subject, rule, &report), bound(end, subject, rule, &report)
        )
        guard let first, let last else { return }
        guard first.family == last.family, first.bits <= last.bits else {
            let why =
                first.family == last.family ? "is above the last address" : "is of another family than the last address"
            return report.add(
                rule.origin,
                .invalid,
                at: .occurrence(start),
                start.value,
                of: subject,
                .text(message: why, mend: "write the first and the last address of one range")
            )
        }
        let range = AddressRange(family: first.family, first: first.bits, last: last.bits)
        guard var fault = try fault(with: range, &report.meter) else { return }
        // Told where it comes from: the ends that are outside, or both if what lies between them is.
        let (isStartFine, isEndFine) = (
            try self.fault(
                with: AddressRange(family: range.family, first: range.first, last: range.first),
                &report.meter
            )
                == nil,
            try self.fault(with: AddressRange(family: range.family, first: range.last, last: range.last), &report.meter)
                == nil
        )
        if isStartFine && isEndFine && fault.isOutside {
            fault.why = ", one end of a range that is not wholly allowed"
        }
        for place in [start, end] {
            let isOutside = place.part == start.part ? !isStartFine || isEndFine : !isEndFine || isStartFine
            guard isOutside else { continue }
            add(fault, at: place, subject, rule, &report)
            // One address that stands for all of Azure is one fault.
            if range.isAllOfAzure { return }
        }
    }

    /// The address at one end of a firewall rule; nil if there is none, which has been reported then.
    private func bound(
        _ place: Occurrence,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) -> IPAddress? {
        switch place.state {
        case .known:
            guard let value = place.value else { return nil }
            do throws(IPAddress.Flaw) {
                guard value.isString else { throw .malformed("it is no string") }
                return try IPAddress(subject.document.utf8(value))
            } catch {
                addNonsense(error.words, at: place, subject, rule, &report)
            }
        case .absent where rule.deniesAbsence(byDefault: true):
            let within = allowed.isEmpty ? "" : " of \(allowed)"
            report.add(
                rule.origin,
                .required,
                at: .occurrence(place),
                nil,
                of: subject,
                .text(message: "is not set", mend: "write an address\(within)")
            )
        case .unknown where rule.deniesUnknown(byDefault: true):
            report.addUnknown(rule.origin, place, of: subject, allowed: allowed)
        case .absent, .unknown: break
        }
        return nil
    }

    /// One address, prefix or service tag, or several with commas, as App Service takes them.
    private func check(
        _ place: Occurrence,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        guard let value = place.value else {
            if place.state == .unknown, rule.deniesUnknown(byDefault: true) {
                report.addUnknown(rule.origin, place, of: subject, allowed: allowed)
            }
            return
        }
        guard let text = subject.document.string(value) else {
            return addNonsense("it is no string", at: place, subject, rule, &report)
        }
        if let mask = subject.document.member("subnetMask", of: place.container), !mask.isNull || mask.isUnknown,
            subject.document.string(mask) != "255.255.255.255"
        {
            return report.add(
                rule.origin,
                .invalid,
                at: .occurrence(place),
                value,
                of: subject,
                .refused(", widened by a subnetMask", mend: "write a prefix such as 203.0.113.0/24 and no subnetMask")
            )
        }
        for part in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            try report.meter.spend(1)
            let words = part.drop { $0 == 0x20 }
            let length = words.reversed().drop { $0 == 0x20 }.count
            switch Source(String(Substring(words.prefix(length)))) {
            case .range(let range):
                guard let fault = try fault(with: range, &report.meter) else { continue }
                add(fault, at: place, subject, rule, &report)
            case .tag(let tag):
                let isEverybody = ["*", "any", "internet"].contains(tag)
                guard ranges != nil || (isEverybody && maximumAddresses != nil), !tags.contains(tag) else { continue }
                let why = isEverybody ? ", the whole Internet" : ", a service tag that is not listed"
                add(.init(why: why), at: place, subject, rule, &report)
            case .nonsense(let why): addNonsense(why, at: place, subject, rule, &report)
            }
            // One fault of a place is enough to mend it.
            return
        }
    }

    /// Whether the element of a list keeps out whom it names.
    private func isRefusal(_ place: Occurrence, _ subject: borrowing Subject) -> Bool {
        let document = subject.document
        guard let action = document.member("action", of: place.container), let word = document.string(action) else {
            return false
        }
        return ["deny", "reject"].contains(word.lowercased())
    }

    /// Whether a network security rule lets in.
    private func isInbound(_ subject: borrowing Subject) -> Bool {
        let document = subject.document
        guard let spec = document.member("spec", of: subject.object) else { return true }
        func word(_ name: String) -> String? {
            document.member(name, of: spec).flatMap { document.string($0)?.lowercased() }
        }
        return word("access") != "deny" && word("direction") != "outbound"
    }

    /// What is wrong with a range.
    private struct Fault {
        var why: String
        var showsAllowed = true
        /// Whether the range is simply elsewhere.
        var isOutside = false
    }

    private func fault(with range: AddressRange, _ meter: inout Meter) throws(EvaluationError) -> Fault? {
        if range.isAllOfAzure, let allAzureServices {
            return allAzureServices == .allow ? nil : Fault(why: ", which stands for all of Azure, every customer's")
        }
        if let maximumAddresses, range.last &- range.first >= maximumAddresses {
            let count = range.isEverything ? "the whole Internet" : "\(range.last &- range.first &+ 1) addresses"
            return Fault(why: ", which lets in \(count), the maximum is \(maximumAddresses)", showsAllowed: false)
        }
        guard let ranges else { return nil }
        try meter.spend(ranges.count)
        if ranges.contains(where: { $0.contains(range) }) { return nil }
        if range.isEverything { return Fault(why: ", the whole Internet") }
        if range.isAllOfAzure { return Fault(why: ", which stands for all of Azure, every customer's") }
        return Fault(why: ", outside of what may come in", isOutside: true)
    }

    private func add(
        _ fault: Fault,
        at place: Occurrence,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        report.add(
            rule.origin,
            .notSupported,
            at: .occurrence(place),
            place.value,
            of: subject,
            allowed: fault.showsAllowed ? allowed : "",
            .refused(fault.why, mend: "let in fewer")
        )
    }

    private func addNonsense(
        _ why: String,
        at place: Occurrence,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        report.add(
            rule.origin,
            .invalid,
            at: .occurrence(place),
            place.value,
            of: subject,
            .refused(", which is no address (\(why))", mend: "write an address")
        )
    }
}
