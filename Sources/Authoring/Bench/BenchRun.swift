public import JSON
public import Kubernetes
public import Policy

/// Measures how long policies take to decide requests: all of them, each by itself, and each with one of its rules.
///
/// Everything is measured in turns, a fixed piece of work among it, so that what the machine does meanwhile meets all alike.
public struct BenchRun {
    /// A policy that is asked by itself, or with one of its rules alone.
    public struct Part: Sendable {
        /// Its name; its kind comes before it unless it is an AzurePolicy, and a rule behind it: `policy/rule`.
        public let name: String
        let set: PolicySet
        /// The same, compiled to tell what expressions cost.
        let traced: PolicySet
    }

    /// What is asked, apart from the requests.
    public struct Policies: Sendable {
        let whole: PolicySet
        let traced: PolicySet
        /// What there is beside policies: namespaces and prices.
        let base: PolicySet
        /// The policies one by one, those that can be asked by themselves.
        public let parts: [Part]
        /// The policies with each of their rules and mutations alone, if that was asked for.
        public let rules: [Part]
    }

    private let policies: Policies
    /// What is asked, and how.
    public typealias Question = (request: AdmissionRequest, mode: DecisionMode)

    private let requests: [Question]
    private let inventory: Inventory?
    private let now: WallTime?
    private let clock: () -> Duration

    /// A batch is repeated until it takes so long: a clock is read in less than a microsecond.
    private static let batchTime = Duration.milliseconds(2)
    /// After so long no repeat begins, as soon as there are enough of them.
    private static let enoughTime = Duration.seconds(10)
    /// As few repeats have a median that one disturbance does not move.
    private static let fewestRepeats = 5
    /// The most repeats.
    public static let maximumRepeats = 1_000

    /// Begins.
    ///
    /// - Parameters:
    ///   - policies: Who is asked.
    ///   - requests: What they are asked; one at least.
    ///   - inventory: What else there is.
    ///   - now: What the clock says, by which exceptions end.
    ///   - clock: How long this thread has been at work, from any beginning.
    public init(
        _ policies: Policies,
        _ requests: [Question],
        inventory: Inventory? = nil,
        now: WallTime? = nil,
        clock: @escaping () -> Duration
    ) {
        precondition(!requests.isEmpty, "there is nothing to ask")
        self.policies = policies
        self.requests = requests
        self.inventory = inventory
        self.now = now
        self.clock = clock
    }

    /// Measures.
    ///
    /// - Parameters:
    ///   - repeats: How often; fewer if that takes long.
    ///   - progress: Is told how many repeats are done.
    /// - Returns: What was found.
    public func run(repeats: Int, progress: (Int) -> Void = { _ in }) -> BenchMeasurement {
        let parts = policies.parts + policies.rules
        let sets = [policies.base, policies.whole] + parts.map(\.set)
        var batches = sets.map { set in Batch(size: batchSize { decideAll(set) }) }
        var calibration = Batch(size: batchSize { Self.fixedWork() })
        var singles: [Double] = []
        let start = clock()
        var count = 0
        while count < min(max(repeats, 1), Self.maximumRepeats) {
            if count >= Self.fewestRepeats, clock() - start > Self.enoughTime { break }
            calibration.measure(clock) { Self.fixedWork() }
            for place in sets.indices { batches[place].measure(clock) { decideAll(sets[place]) } }
            singles += timeEach(policies.whole)
            count += 1
            progress(count)
        }
        singles.sort()
        let requestCount = Double(requests.count)
        // What else the machine does makes things slower and never faster: the fastest of both is compared.
        let unit = calibration.fastest
        func timing(_ name: String, _ batch: Batch, without base: Batch? = nil, _ cost: Double)
            -> BenchMeasurement.Timing
        {
            BenchMeasurement.Timing(
                name: name,
                microseconds: max(batch.median - (base?.median ?? 0), 0) / requestCount,
                relative: max(batch.fastest - (base?.fastest ?? 0), 0) / unit / requestCount,
                costUnits: cost
            )
        }
        let timings = parts.indices.map { place in
            timing(parts[place].name, batches[place + 2], without: batches[0], cost(of: parts[place].traced))
        }
        func sorted(_ timings: ArraySlice<BenchMeasurement.Timing>) -> [BenchMeasurement.Timing] {
            timings.sorted { ($1.microseconds, $0.name) < ($0.microseconds, $1.name) }
        }
        return BenchMeasurement(
            requestCount: requests.count,
            fingerprint: fingerprint,
            repeatCount: count,
            calibrationMicroseconds: unit,
            total: timing("", batches[1], cost(of: policies.traced)),
            p99Microseconds: singles[min(singles.count - 1, singles.count * 99 / 100)],
            base: timing("", batches[0], 0),
            policies: sorted(timings.prefix(policies.parts.count)),
            rules: sorted(timings.dropFirst(policies.parts.count))
        )
    }

    // MARK: Asking

    private func decide(_ question: Question, _ set: PolicySet, _ trace: DecisionTrace? = nil) -> Decision {
        set.decide(question.request, mode: question.mode, inventory: inventory, now: now, trace: trace)
    }

    /// - Returns: Something of every decision, so that none can be left out.
    private func decideAll(_ set: PolicySet) -> UInt64 {
        var sum: UInt64 = 0
        for request in requests { sum &+= UInt64(decide(request, set).failures.count) &+ 1 }
        return sum
    }

    /// How long each request takes, in microseconds.
    private func timeEach(_ set: PolicySet) -> [Double] {
        requests.map { request in
            let start = clock()
            let decision = decide(request, set)
            let time = (clock() - start).microseconds
            precondition(decision.matchedPolicyCount >= 0, "policies cannot be fewer than none")
            return time
        }
    }

    /// What expressions cost for a request, on average.
    private func cost(of set: PolicySet) -> Double {
        var sum = 0.0
        for request in requests {
            let trace = DecisionTrace(isDetailed: true)
            _ = decide(request, set, trace)
            sum += Double(trace.cost)
        }
        return sum / Double(requests.count)
    }

    /// FNV-1a over what is asked.
    private var fingerprint: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for (request, _) in requests {
            var writer = JSONWriter()
            writer.beginArray()
            for value in [request.object, request.oldObject] {
                if let value { writer.copy(value, in: request.document) } else { writer.null() }
            }
            writer.string(request.userInfo.username.flatMap { request.document.string($0) } ?? "")
            writer.string(request.operation.rawValue)
            writer.endArray()
            for byte in writer.finish() { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        return hash
    }

    // MARK: Measuring

    /// Repeats of one batch.
    private struct Batch {
        /// How often the work is done in a repeat.
        let size: Int
        /// What it took each time, in microseconds.
        var times: [Double] = []

        init(size: Int) {
            self.size = size
        }

        var median: Double { times.median }
        var fastest: Double { times.min() ?? 0 }

        mutating func measure(_ clock: () -> Duration, _ work: () -> UInt64) {
            var sum: UInt64 = 0
            let start = clock()
            for _ in 0..<size { sum &+= work() }
            let time = clock() - start
            precondition(sum != 1 << 63, "no work gives so much")
            times.append(max(time.microseconds, 0.001) / Double(size))
        }
    }

    /// How often work is to be done so that it takes a moment; it is warm then.
    private func batchSize(_ work: () -> UInt64) -> Int {
        var size = 1
        while size < 1 << 20 {
            var batch = Batch(size: size)
            batch.measure(clock, work)
            if batch.median * Double(size) >= Self.batchTime.microseconds { return size }
            size *= 2
        }
        return size
    }

    /// What everything is compared with: the same calculations and accesses to memory for ever, whatever becomes of decisions.
    private static func fixedWork() -> UInt64 {
        var table = [UInt64](repeating: 0, count: 4096)
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        var hash: UInt64 = 0
        for _ in 0..<20_000 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            let place = Int(truncatingIfNeeded: (state ^ hash) & 4095)
            table[place] = table[place] &+ state
            hash = (hash ^ table[Int(truncatingIfNeeded: (hash >> 5) & 4095)]) &* 0x100_0000_01b3
        }
        return hash >> 1
    }
}

extension [Double] {
    /// The middle one; the mean of the two middle ones.
    fileprivate var median: Double {
        let sorted = sorted()
        guard !isEmpty else { return 0 }
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }
}

extension Duration {
    fileprivate var microseconds: Double {
        Double(components.seconds) * 1e6 + Double(components.attoseconds) / 1e12
    }
}

extension PolicyLibrary {
    /// Kinds that are asked by themselves.
    private static let askedKinds = [
        "AzurePolicy", "NamespaceAzurePolicy", "AzureBinding", "ValidatingAdmissionPolicy", "MutatingAdmissionPolicy",
    ]
    /// Kinds that every set has.
    private static let commonKinds = ["Namespace", "PriceList"]

    /// The policies of files and folders, all together and one by one, for measuring.
    ///
    /// - Parameters:
    ///   - paths: Files and folders, which can be compiled as one set.
    ///   - parameters: Other values of policies' parameters, by name.
    ///   - rules: Whether their rules are wanted one by one too.
    /// - Returns: The policies; nil if they do not compile.
    public func benchPolicies(
        ofPaths paths: [String],
        _ parameters: [String: JSONFragment] = [:],
        rules: Bool = false
    ) -> BenchRun.Policies? {
        var tracing = configuration
        tracing.tracesExpressions = true
        var objects: [(document: JSONDocument, kind: String, name: String, policy: String?)] = []
        var seen: Set<String> = []
        for path in paths {
            for file in (try? policyFiles(of: path)) ?? [] where seen.insert(file).inserted {
                for document in (try? documents(of: file)) ?? [] {
                    guard let document = try? document.withParameters(parameters) else { return nil }
                    for object in document.objects.map(\.value) {
                        func text(_ value: JSONValue?, _ name: String) -> String? {
                            value.flatMap { document.member(name, of: $0) }.flatMap { document.string($0) }
                        }
                        let metadata = document.member("metadata", of: object)
                        guard let kind = text(object, "kind"),
                            let own = try? JSONPatch().apply(to: JSONFragment(document, object))
                        else { continue }
                        let name = [text(metadata, "namespace"), text(metadata, "name")].compactMap { $0 }
                        let policy = text(document.member("spec", of: object), "policyName")
                        objects.append((own, kind, name.joined(separator: "/"), policy))
                    }
                }
            }
        }
        func compiled(_ documents: [JSONDocument], _ configuration: PolicyConfiguration) -> PolicySet? {
            var compiler = PolicyCompiler(configuration: configuration)
            for document in documents { compiler.add(document, file: "policy") }
            return compiler.finish().set
        }
        let common = objects.filter { Self.commonKinds.contains($0.kind) }.map(\.document)
        // Parameters of admission policies and the like, which no other policy takes.
        let guests = objects.filter {
            !Self.commonKinds.contains($0.kind) && !Self.askedKinds.contains($0.kind) && $0.policy == nil
                && $0.kind != "PolicyException"
        }.map(\.document)
        guard let whole = compiled(objects.map(\.document), configuration),
            let traced = compiled(objects.map(\.document), tracing),
            let base = compiled(common, configuration)
        else { return nil }
        func part(_ name: String, _ documents: [JSONDocument]) -> BenchRun.Part? {
            // One that means something only beside others has no time of its own.
            for documents in [documents, documents + guests] {
                guard let set = compiled(documents, configuration), let traced = compiled(documents, tracing) else {
                    continue
                }
                return BenchRun.Part(name: name, set: set, traced: traced)
            }
            return nil
        }
        var parts: [BenchRun.Part] = []
        var ruleParts: [BenchRun.Part] = []
        for object in objects where Self.askedKinds.contains(object.kind) {
            let isBound = object.kind.hasSuffix("AdmissionPolicy")
            let bindings = objects.filter { isBound && $0.policy == object.name && $0.kind == object.kind + "Binding" }
            let others = common + bindings.map(\.document)
            let name = object.kind == "AzurePolicy" ? object.name : "\(object.kind) \(object.name)"
            if let part = part(name, others + [object.document]) { parts.append(part) }
            for (rule, document) in rules ? object.document.rulesAlone : [] {
                if let part = part("\(name)/\(rule)", others + [document]) { ruleParts.append(part) }
            }
        }
        return BenchRun.Policies(whole: whole, traced: traced, base: base, parts: parts, rules: ruleParts)
    }
}

extension JSONDocument {
    /// The policy once for each of its rules and mutations, with that one alone.
    fileprivate var rulesAlone: [(name: String, document: JSONDocument)] {
        guard let spec = member("spec", of: root), spec.isObject else { return [] }
        let names: [String] = ["rules", "mutations", "validations", "auditAnnotations"]
        let lists = names.compactMap { name in
            member(name, of: spec).flatMap { $0.isArray ? (name: name, list: $0) : nil }
        }
        var found: [(name: String, document: JSONDocument)] = []
        for (list, value) in lists {
            for (place, element) in elements(of: value).enumerated() {
                let alone = JSONFragment { writer in
                    writer.beginArray()
                    writer.copy(element, in: self)
                    writer.endArray()
                }
                let patch = JSONPatch(
                    lists.map { other in
                        let pointer = JSONPointer(tokens: ["spec", other.name])
                        return other.name == list ? .replace(pointer, alone) : .remove(pointer)
                    }
                )
                guard let document = try? patch.apply(to: JSONFragment(self)) else { continue }
                let name = element.isObject ? member("name", of: element).flatMap { string($0) } : nil
                found.append((name ?? "\(list)[\(place)]", document))
            }
        }
        return found
    }
}
