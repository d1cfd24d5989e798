import CSimdJSON
import JSON

/// Nanoseconds a document, for the parser and the lookups that a review needs.
struct Benchmark {
    private let reviews: [[UInt8]]

    private static let policy = """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: team-databases}
        spec:
          match:
            namespaceSelector: {matchLabels: {tier: standard}}
            resources: ["sql.azure.com/*", "dbforpostgresql.azure.com/FlexibleServer"]
            operations: [CREATE, UPDATE]
          action: Deny
          rules:
            - name: eu-only
              locations: {allow: [westeurope, northeurope]}
            - name: small-skus
              skus: {allow: [{tier: Standard, name: "S*"}, {tier: GeneralPurpose}], maximum: {vCores: 4, storageGB: 256}}
            - name: no-public-endpoint
              exposure: {publicNetworkAccess: Disabled, minimumTLSVersion: "1.2"}
        ---

        """

    init(_ reviews: [[UInt8]]) {
        self.reviews = reviews
    }

    func run() {
        measure("the smallest object parsed by us") {
            blackHole((try? JSONDocument(parsing: [0x7b, 0x7d]))?.byteCount)
        }
        for size in [2_000, 4_000, 10_000] {
            guard let review = reviews.min(by: { abs($0.count - size) < abs($1.count - size) }) else { continue }
            print("a review of \(review.count) bytes")
            measure("parsed by us") {
                blackHole((try? JSONDocument(parsing: review))?.byteCount)
            }
            let padded = review + [UInt8](repeating: 0, count: csimdjson_padding())
            measure("parsed by simdjson") {
                blackHole(unsafe Int(csimdjson_validate(padded, review.count)))
            }
            guard let document = try? JSONDocument(parsing: review) else { continue }
            measure("ten members of it looked up") { blackHole(lookUp(document)) }
        }
        let policies = Array(String(repeating: Self.policy, count: 1000).utf8)
        measure("1000 YAML policies, \(policies.count) bytes, parsed by us", rounds: 1) {
            blackHole((try? JSONDocument.parseYAML(policies))?.count)
        }
        let all = reviews.reduce(0) { $0 + $1.count }
        measure("all \(reviews.count) reviews, \(all) bytes, parsed by us", rounds: 1) {
            for review in reviews { blackHole((try? JSONDocument(parsing: review))?.byteCount) }
        }
    }

    private func lookUp(_ document: JSONDocument) -> Int {
        guard let request = document.member("request", of: document.root),
            let object = document.member("object", of: request),
            let metadata = document.member("metadata", of: object),
            let kind = document.member("kind", of: request)
        else { return 0 }
        let values = [
            document.member("uid", of: request), document.member("operation", of: request),
            document.member("namespace", of: request), document.member("group", of: kind),
            document.member("kind", of: kind),
            document.member("name", of: metadata), document.member("labels", of: metadata),
            document.member("annotations", of: metadata), document.member("spec", of: object),
            document.member("dryRun", of: request),
        ]
        return values.count { $0 != nil }
    }

    /// Prints the best of many rounds: on a machine that others use as well, the others only add.
    private func measure(_ name: String, rounds: Int = 500, _ body: () -> Void) {
        let clock = ContinuousClock()
        let times = (0..<200).map { _ in clock.measure { for _ in 0..<rounds { body() } } }
        let best = times.min() ?? .zero
        print("  \(name): \(Int((best / rounds) / .nanoseconds(1))) ns")
    }
}

/// Uses a result, so that what made it is not optimised away.
@inline(never)
private func blackHole(_ value: Int?) {
    if value == .min { print("") }
}
