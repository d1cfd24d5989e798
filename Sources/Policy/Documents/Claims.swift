internal import Azure

/// What a rule says of values, in a form that can be compared with what other rules say: for the checks of a folder alone.
struct Claims: Sendable {
    var all: [Claim] = []
    /// The fields of the rule's body that the claims tell of; a rule with others says more than its claims.
    var fields: Set<String> = []
}

/// What a rule says of one thing.
struct Claim: Hashable, Sendable {
    /// What the values are values of, such as `location`; only claims about the same thing are compared.
    let subject: String
    /// The values that pass, if only some do.
    var allow: [Term]?
    /// The values that do not pass.
    var deny: [Term] = []
    /// The values of which each must be there.
    var needs: [Term] = []
    /// The least number that passes.
    var minimum: Double?
    /// The greatest number that passes.
    var maximum: Double?

    /// One value, or what a pattern with `*` fits: by parts, of which those that are not named may be anything.
    struct Term: Hashable, Sendable {
        private let parts: [String: Glob]

        /// A value of one part, in the form in which the rule compares.
        init(_ pattern: String) {
            parts = ["": Glob(pattern)]
        }

        /// A value of several parts.
        init(_ parts: [String: String]) {
            self.parts = parts.mapValues { Glob($0) }
        }

        /// Whether it fits whatever the other fits; in doubt not.
        func covers(_ other: Term) -> Bool {
            parts.allSatisfy { name, glob in
                // A `*` of the other is a byte that only a `*` fits.
                other.parts[name].map { glob.matches($0.pattern.span) } ?? false
            }
        }

        /// Whether both may fit the same value; in doubt so.
        func mayMeet(_ other: Term) -> Bool {
            parts.allSatisfy { name, glob in other.parts[name].map { glob.mayMeet($0) } ?? true }
        }
    }
}

extension Glob {
    fileprivate func mayMeet(_ other: Glob) -> Bool {
        if isLiteral { return other.matches(pattern.span) }
        if other.isLiteral { return matches(other.pattern.span) }
        let (start, otherStart) = (literalPrefix, other.literalPrefix)
        return start.starts(with: otherStart) || otherStart.starts(with: start)
    }
}

extension [Claim.Term] {
    func covers(_ other: Claim.Term) -> Bool { contains { $0.covers(other) } }

    func covers(_ others: [Claim.Term]) -> Bool { others.allSatisfy { covers($0) } }

    func mayMeet(_ others: [Claim.Term]) -> Bool { contains { term in others.contains { term.mayMeet($0) } } }
}

// MARK: Comparing

extension Claim {
    /// Whether nothing that it allows gets past what it denies.
    var contradictsItself: Bool {
        if let minimum, let maximum, minimum > maximum { return true }
        guard let allow, !allow.isEmpty else { return false }
        return deny.covers(allow)
    }

    /// What is wrong with a later claim about the same thing beside this one, if no value can satisfy both.
    ///
    /// - Parameters:
    ///   - later: The other claim.
    ///   - rule: The rule whose claim this is, as messages name it.
    /// - Returns: What the other does, as the end of a sentence; nil if both can be satisfied.
    func contradiction(of later: Claim, _ rule: String) -> String? {
        if let allow, let others = later.allow, !allow.isEmpty, !others.isEmpty, !allow.mayMeet(others) {
            return "allows no \(subject) that \(rule) allows, so that none passes both"
        }
        if let allow, !allow.isEmpty, later.deny.covers(allow) { return "denies every \(subject) that \(rule) allows" }
        if let others = later.allow, !others.isEmpty, deny.covers(others) {
            return "allows no \(subject) but what \(rule) denies"
        }
        if needs.contains(where: { later.deny.covers($0) }) { return "forbids what \(rule) requires" }
        if later.needs.contains(where: { deny.covers($0) }) { return "requires what \(rule) forbids" }
        if let minimum, let maximum = later.maximum, minimum > maximum {
            return "has a maximum below the minimum of \(rule)"
        }
        if let maximum, let minimum = later.minimum, minimum > maximum {
            return "has a minimum above the maximum of \(rule)"
        }
        return nil
    }

    /// Whether whatever satisfies this one satisfies the other.
    func implies(_ other: Claim) -> Bool {
        if let others = other.allow {
            guard let allow, others.covers(allow) else { return false }
        }
        let isDenied = other.deny.allSatisfy { term in
            deny.covers(term) || allow.map { !$0.mayMeet([term]) } ?? false
        }
        guard isDenied, needs.covers(other.needs) else { return false }
        if let limit = other.minimum {
            guard let minimum, minimum >= limit else { return false }
        }
        if let limit = other.maximum {
            guard let maximum, maximum <= limit else { return false }
        }
        return true
    }
}

// MARK: Rules

extension Rule.Test {
    /// The facets without which there is nothing to judge; none if that cannot be said.
    var facets: FacetSet {
        switch self {
        case .locations: FacetSet(.location)
        case .skus(let rule): rule.facets
        case .tags: FacetSet(.tags)
        case .exposure(let rule): rule.facets
        case .naming, .kinds, .cel, .circumstantial: []
        }
    }

    /// What the test says in comparable words; nothing if that cannot be said.
    var claims: Claims {
        switch self {
        case .locations(let rule): rule.claims
        case .skus(let rule): rule.claims
        case .tags(let rule): rule.claims
        case .naming(let rule): rule.claims
        case .exposure(let rule): rule.claims
        case .kinds(let rule): rule.claims
        case .cel: Claims()
        case .circumstantial(let test): test.claims
        }
    }
}

extension LocationRule {
    /// `global` is a class of its own, which most rules let pass.
    fileprivate var claims: Claims {
        func terms(_ words: WordList) -> [Claim.Term] {
            words.words.filter { $0 != "global" }.map { Claim.Term($0) }
        }
        return Claims(
            all: [Claim(subject: "location", allow: allow.map(terms), deny: terms(deny))],
            fields: ["allow", "deny"]
        )
    }
}

extension KindRule {
    fileprivate var claims: Claims {
        func terms(_ globs: [Glob]) -> [Claim.Term] { globs.map { Claim.Term($0.description) } }
        return Claims(
            all: [Claim(subject: "kind", allow: allow.map(terms), deny: terms(deny))],
            fields: ["allow", "deny"]
        )
    }
}

extension NamingRule {
    fileprivate var claims: Claims { Claims() }
}

extension SKURule {
    fileprivate var claims: Claims {
        func terms(_ patterns: [Pattern]) -> [Claim.Term] {
            patterns.map { pattern in
                let parts = [
                    ("name", pattern.name), ("tier", pattern.tier), ("family", pattern.family), ("size", pattern.size),
                ]
                let named = parts.compactMap { name, glob in glob.map { (name, $0.description.lowercased()) } }
                return Claim.Term(Dictionary(named) { first, _ in first })
            }
        }
        var all = maximum.map { Claim(subject: "maximum.\($0.quantity)", maximum: $0.limit) }
        all += total.map { Claim(subject: "total.\($0.quantity)", maximum: $0.limit) }
        if allow != nil || !deny.isEmpty {
            all.append(Claim(subject: scope?.subject ?? "SKU", allow: allow.map(terms), deny: terms(deny)))
        }
        return Claims(all: all, fields: ["of", "allow", "deny", "maximum", "total"])
    }
}

extension SKURule.Scope {
    fileprivate var subject: String {
        switch self {
        case .machines: "size of machines"
        case .services: "SKU of services"
        }
    }
}

extension TagRule {
    fileprivate var claims: Claims {
        var names = Claim(subject: "names of tags")
        var all: [Claim] = []
        for tag in required {
            names.needs.append(Claim.Term(tag.name.lowercased()))
            let values = tag.values.words.map { Claim.Term($0) }
            if !values.isEmpty { all.append(Claim(subject: "tag \(tag.name.lowercased())", allow: values)) }
        }
        names.deny = forbidden.map { Claim.Term($0.text.lowercased()) }
        // A pattern says more than can be compared.
        let isComparable = required.allSatisfy { $0.pattern == nil }
        return Claims(all: all + [names], fields: isComparable ? ["required", "forbidden"] : ["forbidden"])
    }
}

extension ExposureRule {
    fileprivate var claims: Claims {
        var all = switches.map { demand in
            let words = [demand.wanted] + (demand.alternative.map { [$0] } ?? [])
            return Claim(subject: "exposure.\(demand.part)", allow: words.map { Claim.Term($0.lowercased()) })
        }
        if let minimumTLSVersion {
            all.append(Claim(subject: "exposure.minimumTLSVersion", minimum: Double(minimumTLSVersion.number)))
        }
        return Claims(all: all, fields: Set(Self.names))
    }
}
