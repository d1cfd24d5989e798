import CSimdJSON
import JSON
import TestSupport

/// Compares our verdict and our values with simdjson's on mutated documents.
///
/// `JSONDifferential [COUNT [SEED]]` fails if the two differ in a way that is not in `Difference`;
/// `JSONDifferential benchmark` measures both.
@main
enum JSONDifferential {
    static func main() throws {
        let reviews = Corpus.isAvailable ? try Corpus.reviews() : []
        if reviews.isEmpty { print("\(Corpus.absence); the short texts alone serve as seeds") }
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == "benchmark" { return Benchmark(reviews).run() }
        let count = arguments.first.flatMap { Int($0) } ?? 2_000_000
        let seed = arguments.dropFirst().first.flatMap { UInt64($0) } ?? 20_261_123
        if compare(count: count, seed: seed, reviews: reviews) > 0 {
            fatalError("the parsers differ where they must not")
        }
    }

    /// - Returns: How many texts were told apart in an unlisted way.
    private static func compare(count: Int, seed: UInt64, reviews: [[UInt8]]) -> Int {
        var mutator = Mutator(reviews: reviews, seed: seed)
        var tally: [Difference: Int] = [:]
        var accepted = 0
        for _ in 0..<count {
            let text = mutator.next()
            let theirs = SimdJSON.parse(text)
            let ours = Result { () throws(JSONError) in try JSONDocument(parsing: text) }
            if case .success = ours { accepted += 1 }
            guard let difference = Difference(ours, theirs) else { continue }
            tally[difference, default: 0] += 1
            if !difference.isListed, tally[difference, default: 0] <= 10 {
                print(
                    "unlisted: \(difference)\n  ours: \(ours)\n  simdjson: \(theirs)\n  \(String(decoding: text, as: UTF8.self).debugDescription)"
                )
            }
        }
        print("\(count) texts from seed \(seed): we accept \(accepted)")
        for (difference, count) in tally.sorted(by: { $0.value > $1.value }) {
            print("  \(count) × \(difference.rawValue)")
        }
        return tally.reduce(0) { $0 + ($1.key.isListed ? 0 : $1.value) }
    }
}

/// simdjson's answer to a text.
enum SimdJSON {
    enum Verdict {
        case accepted(digest: UInt64)
        case refused(code: CInt)
    }

    static func parse(_ text: [UInt8]) -> Verdict {
        let padded = text + [UInt8](repeating: 0, count: csimdjson_padding())
        var digest: UInt64 = 0
        let code = unsafe csimdjson_parse(padded, text.count, &digest)
        return code == 0 ? .accepted(digest: digest) : .refused(code: code)
    }
}

/// How the verdicts differ.
enum Difference: String {
    /// RFC 8259 §4 leaves it open; a guard must not.
    case duplicateKey = "we refuse a key that stands twice, simdjson keeps both"
    /// Ours is 512, as `JSONLimits` says, simdjson's 1,024.
    case depth = "we refuse what is nested deeper than 512"
    /// Kubernetes makes a double of an integer beyond 64 bits.
    case largeInteger = "we read an integer beyond 64 bits as a double, simdjson refuses it"
    case weAccept = "we accept what simdjson refuses"
    case weRefuse = "we refuse what simdjson accepts"
    case values = "both accept, but the values differ"

    var isListed: Bool {
        switch self {
        case .duplicateKey, .depth, .largeInteger: true
        case .weAccept, .weRefuse, .values: false
        }
    }

    init?(_ ours: Result<JSONDocument, JSONError>, _ theirs: SimdJSON.Verdict) {
        switch (ours, theirs) {
        case (.success(let document), .accepted(let digest)):
            guard Digest(document).state != digest else { return nil }
            self = .values
        case (.success(let document), .refused(let code)):
            self =
                code == csimdjson_number_error() && hasLargeInteger(document.root, in: document)
                ? .largeInteger : .weAccept
        case (.failure(let error), .accepted):
            self =
                switch error.code {
                case .duplicateKey: .duplicateKey
                case .tooDeep: .depth
                default: .weRefuse
                }
        case (.failure, .refused):
            return nil
        }
    }
}

/// Whether a number without fraction and exponent is beyond `Int64`.
private func hasLargeInteger(_ value: JSONValue, in document: JSONDocument) -> Bool {
    switch value.kind {
    case .double:
        Array(document.lexeme(value)).allSatisfy { $0 == UInt8(ascii: "-") || 0x30...0x39 ~= $0 }
    case .array: document.elements(of: value).contains { hasLargeInteger($0, in: document) }
    case .object: document.members(of: value).contains { hasLargeInteger($0.value, in: document) }
    default: false
    }
}
