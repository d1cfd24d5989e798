import CEL
import JSON

extension Fuzzed {
    /// Compiles an expression, of which the first byte chooses profile and declarations, and evaluates it several ways.
    ///
    /// Either it does not compile, and every issue has its place in the source; or it has a value that can be shown, or an
    /// error; within its limits, and each time the same.
    public static func cel(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let source = String(decoding: bytes[1...], as: UTF8.self)
        let environment = environments[Int(first) % environments.count]
        let program: CELProgram
        do throws(CELCompileError) {
            program = try environment.compile(source)
        } catch {
            check(error, source)
            do throws(CELCompileError) {
                _ = try environment.compile(source)
                fatalError("an expression that did not compile does")
            } catch let again {
                precondition(again.description == error.description, "the same expression fails in another way")
            }
            return
        }
        precondition(!program.type.description.isEmpty, "no type")
        // The second uses what the first has left behind; tracing only adds to it.
        var evaluation = evaluation()
        let outcome = Outcome(program, &evaluation)
        let again = Outcome(program, &evaluation)
        precondition(outcome == again, "another outcome the second time: \(outcome), \(again)")
        guard let traced = try? environment.compile(source, tracing: true) else {
            fatalError("tracing does not compile")
        }
        let shown = Outcome(traced, &evaluation)
        // What is constant took its steps when it was compiled; only with a trace can it be too much now.
        precondition(shown.isLimit || outcome == shown, "another outcome with a trace: \(outcome), \(shown)")
        for entry in evaluation.traced(traced) {
            precondition(
                !entry.text.isEmpty && (0...source.utf8.count).contains(entry.offset),
                "a trace without a place"
            )
            if case .success(let value) = entry.result { _ = evaluation.description(of: value) }
        }
    }

    /// What came of an evaluation, as text.
    private struct Outcome: Equatable {
        let text: String
        let cost: UInt64
        let isLimit: Bool

        init(_ program: CELProgram, _ evaluation: inout Evaluation) {
            let limits = evaluation.limits
            do throws(CELError) {
                let value = try program.evaluate(&evaluation)
                precondition(evaluation.cost <= limits.cost, "a value beyond the limit of cost")
                let text = evaluation.description(of: value, limit: 1000)
                precondition(!text.isEmpty && text.utf8.count < 1100, "no description, or an endless one")
                self.text = text + Self.written(value, evaluation)
                isLimit = false
            } catch {
                precondition(!error.message.isEmpty && !"\(error)".isEmpty, "a failure without a message")
                precondition(!error.description(in: program.source).isEmpty, "a failure without a description")
                precondition((0...program.source.utf8.count).contains(error.offset ?? 0), "a failure elsewhere")
                precondition(
                    evaluation.cost <= limits.cost || error.code == .costExceeded,
                    "a failure beyond the limit of cost: \(error)"
                )
                isLimit = !error.isCatchable
                text = "\(error.code) \(error.offset ?? -1) \(error)"
            }
            cost = evaluation.cost
        }

        private static func written(_ value: CELValue, _ evaluation: borrowing Evaluation) -> String {
            var writer = JSONWriter()
            do throws(CELError) {
                try evaluation.write(value, to: &writer)
            } catch {
                return " \(error)"
            }
            let bytes = writer.finish()
            do throws(JSONError) {
                _ = try JSONDocument(parsing: bytes)
            } catch {
                switch error.code {
                case .tooDeep, .tooLarge: break
                default: fatalError("what was written is not JSON: \(error)")
                }
            }
            return " \(bytes.count)"
        }
    }

    private static func check(_ error: CELCompileError, _ source: String) {
        precondition(!error.issues.isEmpty && error.issues.count <= CELCompileError.maximumIssues, "no issues, or many")
        precondition(!error.description.isEmpty, "issues without a description")
        let bytes = Array(source.utf8)
        for issue in error.issues {
            precondition(!issue.message.isEmpty, "an issue without a message")
            precondition((0...bytes.count).contains(issue.offset), "an issue elsewhere")
            let before = String(decoding: bytes[..<issue.offset], as: UTF8.self)
            precondition(before.utf8.count == issue.offset, "an issue within a character")
            let lines = before.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
            precondition(lines.count == issue.line, "an issue in another line")
            precondition((lines.last?.count ?? 0) + 1 == issue.column, "an issue in another column")
            precondition(issue.suggestion != "", "an empty suggestion")
        }
    }

    // MARK: What is evaluated with

    /// Every profile with everything `dyn`, then with types where there are some.
    private static let environments = [false, true].flatMap { isTyped in
        Profile.all.map { profile in
            CELEnvironment(
                profile,
                variables: variables.map { CELEnvironment.Variable($0.name, isTyped ? $0.type : .dyn) },
                objects: isTyped ? [item] : []
            )
        }
    }

    /// In the order of the document's members.
    private static let variables: [(name: String, type: CELType)] = [
        ("object", .dyn), ("l", .list(.int)), ("m", .map(.string, .dyn)), ("s", .string), ("i", .int), ("d", .double),
        ("b", .bool), ("n", .dyn), ("item", .object(item.name)), ("unbound", .int),
    ]

    private static let item = CELEnvironment.ObjectType("test.Item", fields: ["name": .string, "tags": .list(.string)])

    private static let document: JSONDocument = {
        let text = """
            {"object": {"kind": "StorageAccount", "metadata": {"name": "invoices", "labels": {"app": "web", "tier": "x"}},
            "spec": {"location": "westeurope", "sku": {"name": "Standard_LRS", "capacity": 2}, "public": false, "ratio": 0.5,
            "ipRules": [{"value": "203.0.113.0/28"}, {"value": "198.51.100.7"}], "url": "https://a.example:8443/b?c=d",
            "time": "2026-02-28T23:59:59.5+01:00", "quantity": "1.5Gi", "version": "1.2.3-rc.1", "big": 9007199254740993}},
            "l": [3, 1, 2, 9223372036854775807], "m": {"a": 1, "b": [true, null], "c": {"d": "e"}, "": -0.0},
            "s": "größe 🙂 'x'\\n", "i": -7, "d": 1.5e300, "b": true, "n": null, "item": {"name": "x", "tags": ["a", "b"]}}
            """
        guard let document = try? JSONDocument(parsing: Array(text.utf8)) else {
            fatalError("the document is not JSON")
        }
        return document
    }()

    /// Less than usual, so that short expressions reach it.
    private static var limits: Evaluation.Limits {
        var limits = Evaluation.Limits()
        limits.cost = 50_000
        limits.stringBytes = 64 * 1024
        limits.elements = 10_000
        limits.steps = 100_000
        limits.values = 100_000
        return limits
    }

    private static func evaluation() -> Evaluation {
        var evaluation = Evaluation(limits: limits)
        _ = evaluation.add(document)
        for (number, member) in document.members(of: document.root).enumerated() {
            evaluation.bind(number, to: evaluation.value(member.value))
        }
        return evaluation
    }
}

extension Evaluation {
    /// What an evaluation tells of sub-expressions.
    fileprivate mutating func traced(_ program: CELProgram) -> [TraceEntry] { program.evaluateTraced(&self).trace }
}
