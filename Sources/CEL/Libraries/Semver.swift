internal import JSON

extension Library {
    /// Kubernetes' functions on semantic versions (`apiserver/pkg/cel/library/semverlib.go`).
    static let semver = Library(
        name: "kubernetes.semver",
        types: [type],
        functions: [
            Function(
                "semver",
                row("string_to_semver", [.string], type, charge: .traversal, .unary(Semvers.semver)),
                row("string_bool_to_semver", [.string, .bool], type, charge: .traversal, .binary(Semvers.semver))
            ),
            Function(
                "isSemver",
                row("is_semver_string", [.string], .bool, charge: .traversal, .unary(Semvers.isSemver)),
                row("is_semver_string_bool", [.string, .bool], .bool, charge: .traversal, .binary(Semvers.isSemver))
            ),
            part("major", "semver_major", \.major),
            part("minor", "semver_minor", \.minor),
            part("patch", "semver_patch", \.patch),
            comparison("isGreaterThan", "semver_is_greater_than", .bool) { .bool($0 > 0) },
            comparison("isLessThan", "semver_is_less_than", .bool) { .bool($0 < 0) },
            comparison("compareTo", "semver_compare_to", .int) { .int(Int64($0)) },
        ]
    )

    private static let type = SemverValue.type
    private static let since = Availability.kubernetesOnly(from: 33)

    private static func row(
        _ id: String,
        _ parameters: [CELType],
        _ result: CELType,
        charge: CallCost,
        _ implementation: Implementation
    ) -> Overload {
        .function(id, parameters, result, availability: since, named: charge, implementation)
    }

    private static func part(
        _ name: String,
        _ id: String,
        _ part: @escaping @Sendable (SemanticVersion) -> UInt64
    ) -> Function {
        Function(
            name,
            .method(
                id,
                [type],
                .int,
                availability: since,
                .unary { value, _ in .int(value.version.map { Int64(truncatingIfNeeded: part($0)) } ?? 0) }
            )
        )
    }

    private static func comparison(
        _ name: String,
        _ id: String,
        _ result: CELType,
        _ answer: @escaping @Sendable (Int) -> CELValue
    ) -> Function {
        Function(
            name,
            .method(
                id,
                [type, type],
                result,
                availability: since,
                .binary { first, second, _ in
                    guard let first = first.version, let second = second.version else { return answer(0) }
                    return answer(first.order(second))
                }
            )
        )
    }
}

/// A semantic version as a value.
final class SemverValue: ObjectValue {
    static let type = CELType.opaque("kubernetes.Semver")
    let version: SemanticVersion

    init(_ version: SemanticVersion) { self.version = version }

    var type: CELType { Self.type }
    func isEqual(to other: any ObjectValue) -> Bool { (other as? SemverValue)?.version.order(version) == 0 }
}

extension CELValue {
    fileprivate var version: SemanticVersion? {
        if case .object(let object) = self { (object as? SemverValue)?.version } else { nil }
    }
}

private enum Semvers {
    static func semver(_ text: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try semver(text, .bool(false), &evaluation)
    }

    static func semver(
        _ text: CELValue,
        _ normalize: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        .object(SemverValue(try parse(text, normalize, evaluation)))
    }

    static func isSemver(_ text: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try isSemver(text, .bool(false), &evaluation)
    }

    static func isSemver(
        _ text: CELValue,
        _ normalize: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        .bool((try? parse(text, normalize, evaluation)) != nil)
    }

    private static func parse(
        _ text: CELValue,
        _ normalize: CELValue,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) -> SemanticVersion {
        let bytes = evaluation.utf8(text)
        return normalize.boolValue
            ? try SemanticVersion(normalizing: bytes[...]) : try SemanticVersion(bytes[...])
    }
}

/// A version as semver.org defines it.
struct SemanticVersion: Sendable {
    let major: UInt64
    let minor: UInt64
    let patch: UInt64
    /// What follows a hyphen, between dots; numbers are of the kind of their own.
    private let preRelease: [Identifier]

    private enum Identifier: Hashable {
        case number(UInt64)
        case text([UInt8])
    }

    /// Reads `major.minor.patch-preRelease+build`.
    init(_ text: ArraySlice<UInt8>) throws(CELError) {
        guard !text.isEmpty else { throw Self.flaw("Version string empty") }
        let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw Self.flaw("No Major.Minor.Patch elements found") }
        major = try Self.number(parts[0], "major number")
        minor = try Self.number(parts[1], "minor number")
        let (core, build) = Self.cut(parts[2], UInt8(ascii: "+"))
        let (patch, preRelease) = Self.cut(core, UInt8(ascii: "-"))
        self.patch = try Self.number(patch, "patch number")
        var identifiers: [Identifier] = []
        for identifier in Self.identifiers(preRelease) {
            try Self.check(identifier, "prerelease")
            if identifier.allSatisfy(Self.isDigit) {
                identifiers.append(.number(try Self.number(identifier, "prerelease")))
            } else {
                identifiers.append(.text(Array(identifier)))
            }
        }
        self.preRelease = identifiers
        for identifier in Self.identifiers(build) { try Self.check(identifier, "build meta data") }
    }

    /// Reads a version that may have a `v` before it, leading zeros, and only one or two numbers.
    init(normalizing text: ArraySlice<UInt8>) throws(CELError) {
        let text = text.first == UInt8(ascii: "v") ? text.dropFirst() : text
        var parts = text.split(separator: UInt8(ascii: "."), maxSplits: 2, omittingEmptySubsequences: false)
            .map { part -> [UInt8] in
                guard part.count > 1 else { return Array(part) }
                let stripped = part.drop { $0 == UInt8(ascii: "0") }
                return stripped.first.map(Self.isDigit) == true ? Array(stripped) : [UInt8(ascii: "0")] + stripped
            }
        if parts.count < 3 {
            guard !parts[parts.count - 1].contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }) else {
                throw Self.flaw("short version cannot contain PreRelease/Build meta data")
            }
            while parts.count < 3 { parts.append([UInt8(ascii: "0")]) }
        }
        try self.init(Array(parts.joined(separator: [UInt8(ascii: ".")]))[...])
    }

    /// What stands before a mark and what after it; nil if there is none.
    private static func cut(
        _ text: ArraySlice<UInt8>,
        _ mark: UInt8
    ) -> (ArraySlice<UInt8>, ArraySlice<UInt8>?) {
        guard let index = text.firstIndex(of: mark) else { return (text, nil) }
        return (text[..<index], text[(index + 1)...])
    }

    private static func identifiers(_ text: ArraySlice<UInt8>?) -> [ArraySlice<UInt8>] {
        text?.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) ?? []
    }

    private static func check(_ identifier: ArraySlice<UInt8>, _ what: String) throws(CELError) {
        guard !identifier.isEmpty else { throw flaw("\(what) is empty") }
        guard identifier.allSatisfy({ isDigit($0) || isLetter($0) || $0 == UInt8(ascii: "-") }) else {
            throw flaw("Invalid character(s) found in \(what)")
        }
    }

    private static func number(_ text: ArraySlice<UInt8>, _ what: String) throws(CELError) -> UInt64 {
        guard text.allSatisfy(isDigit) else { throw flaw("Invalid character(s) found in \(what)") }
        guard text.count <= 1 || text.first != UInt8(ascii: "0") else {
            throw flaw("\(what) must not contain leading zeroes")
        }
        guard let value = UInt64(String(decoding: text, as: UTF8.self)) else { throw flaw("\(what) is out of range") }
        return value
    }

    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    private static func isLetter(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
    }

    private static func flaw(_ reason: String) -> CELError { CELError(.invalidArgument, reason) }

    /// -1, 0 or 1: a pre-release comes before its version, numbers before texts; what was built does not matter.
    func order(_ other: SemanticVersion) -> Int {
        for (mine, theirs) in [(major, other.major), (minor, other.minor), (patch, other.patch)] where mine != theirs {
            return mine < theirs ? -1 : 1
        }
        if preRelease.isEmpty || other.preRelease.isEmpty {
            return preRelease.isEmpty ? (other.preRelease.isEmpty ? 0 : 1) : -1
        }
        for (mine, theirs) in zip(preRelease, other.preRelease) where mine != theirs {
            switch (mine, theirs) {
            case (.number(let mine), .number(let theirs)): return mine < theirs ? -1 : 1
            case (.number, .text): return -1
            case (.text, .number): return 1
            case (.text(let mine), .text(let theirs)): return mine.lexicographicallyPrecedes(theirs) ? -1 : 1
            }
        }
        return (preRelease.count - other.preRelease.count).signum()
    }
}
