internal import ArgumentParser
internal import Authoring
internal import CEL
internal import EventLoop
internal import Glibc
internal import JSON

/// `portcullis cel eval`.
struct CELEvaluation: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Evaluate an expression and print its value.",
        discussion: """
            Variables come from a file: an object in JSON or YAML whose members are the variables, every one of type dyn, as \
            objects of Kubernetes are. The value is printed as CEL writes it.

            With --trace, what each part of the expression gave is printed first, in the order in which the parts were \
            evaluated, and what an API server would charge for all. Where && or || decide early, the other side is not among \
            them; a variable of a loop is told once for each of its values.

            Exit codes: 0 there is a value; 1 the expression does not compile or its evaluation fails; 2 the command line or \
            the bindings are wrong.

            Example:
              portcullis cel eval -e "object.spec.location == 'eastus'" -b review.yaml
            """
    )

    // Unconditional, for an expression may begin with a minus.
    @Option(
        name: .shortAndLong,
        parsing: .unconditional,
        help: ArgumentHelp("The expression.", valueName: "cel")
    )
    var expression: String
    @Option(name: .shortAndLong, help: ArgumentHelp("The variables, an object in JSON or YAML.", valueName: "file"))
    var bindings: String?
    @OptionGroup var language: CELCommand.Language
    @Flag(help: "Tell what each part of the expression gave, and the cost.") var trace = false

    /// The largest file of variables, in bytes: two objects of the API server's limit, and more than people write.
    private static let maximumBindingsBytes = 16 * 1024 * 1024

    func run() throws {
        let variables = try readBindings()
        let environment = CELEnvironment(
            language.profile,
            variables: variables.map { CELEnvironment.Variable($0.name, .dyn) }
        )
        let program: CELProgram
        do throws(CELCompileError) {
            program = try environment.compile(expression, tracing: trace)
        } catch {
            throw failure(error)
        }
        var evaluation = Evaluation()
        for (number, variable) in variables.enumerated() {
            evaluation.bind(number, to: evaluation.add(variable.document, variable.value))
        }
        let outcome = evaluate(program, &evaluation)
        switch language.output {
        case .text: try printText(outcome, &evaluation)
        case .json: try printJSON(outcome, program, &evaluation)
        }
        if case .failure(let error) = outcome.result { throw failure(error, printed: language.output == .json) }
    }

    private struct Variable {
        let name: String
        let document: JSONDocument
        let value: JSONValue
    }

    private func readBindings() throws -> [Variable] {
        guard let bindings else { return [] }
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try FileSystem.read(bindings, limitBytes: Self.maximumBindingsBytes)
        } catch {
            throw UsageError("--bindings: \(error)")
        }
        let documents: [JSONDocument]
        do throws(YAMLError) {
            documents = try JSONDocument.parseYAML(bytes)
        } catch {
            throw UsageError("\(bindings):\(error.line):\(error.column): \(error.message); \(error.mend)")
        }
        guard documents.count == 1, let document = documents.first, document.root.isObject else {
            throw UsageError("\(bindings): must be one object whose members are the variables")
        }
        return document.members(of: document.root).map {
            Variable(name: document.string($0.key) ?? "", document: document, value: $0.value)
        }
    }

    private typealias Outcome = (result: Result<CELValue, CELError>, trace: [TraceEntry])

    private func evaluate(_ program: CELProgram, _ evaluation: inout Evaluation) -> Outcome {
        if trace { return program.evaluateTraced(&evaluation) }
        do throws(CELError) {
            return (.success(try program.evaluate(&evaluation)), [])
        } catch {
            return (.failure(error), [])
        }
    }

    // MARK: For people

    /// The widest that a part of the expression, or its value, is printed in a trace.
    private static let traceColumns = 56

    private func printText(_ outcome: Outcome, _ evaluation: inout Evaluation) throws {
        if trace {
            var rows: [TraceRow] = []
            for entry in outcome.trace {
                rows.append(TraceRow(part: entry.text, value: Self.text(entry.result, evaluation)))
            }
            let shown = rows.withoutRepetitions.map { ($0.part.shortenedInside(to: Self.traceColumns), $0.value) }
            let width = shown.map(\.0.unicodeScalars.count).max() ?? 0
            for (part, value) in shown {
                let spaces = String(repeating: " ", count: width - part.unicodeScalars.count)
                print(part + spaces + "  " + value.shortenedInside(to: Self.traceColumns))
            }
            if outcome.trace.count == TraceEntry.maximumCount {
                print("… (the first \(TraceEntry.maximumCount) parts)")
            }
            print("cost \(evaluation.cost)")
        }
        if case .success(let value) = outcome.result { print(evaluation.description(of: value, limit: .max)) }
    }

    private static func text(_ result: Result<CELValue, CELError>, _ evaluation: borrowing Evaluation) -> String {
        switch result {
        case .success(let value): evaluation.description(of: value)
        case .failure(let error): "error: \(error)"
        }
    }

    // MARK: For programs

    private func printJSON(_ outcome: Outcome, _ program: CELProgram, _ evaluation: inout Evaluation) throws {
        var writer = JSONWriter()
        writer.beginObject()
        Self.write(outcome.result, to: &writer, evaluation)
        writer.key("cost")
        writer.int(Int64(clamping: evaluation.cost))
        if trace {
            writer.key("trace")
            writer.beginArray()
            for entry in outcome.trace {
                writer.beginObject()
                writer.key("expression")
                writer.string(entry.text)
                writer.key("offset")
                writer.int(entry.offset)
                Self.write(entry.result, to: &writer, evaluation)
                writer.key("cost")
                writer.int(Int64(clamping: entry.cost))
                writer.endObject()
            }
            writer.endArray()
        }
        writer.endObject()
        print(String(writer.finish().span))
    }

    /// Writes `type`, `text` (as CEL writes it) and, if JSON can say it, `value`; or `error`.
    private static func write(
        _ result: Result<CELValue, CELError>,
        to writer: inout JSONWriter,
        _ evaluation: borrowing Evaluation
    ) {
        switch result {
        case .success(let value):
            writer.key("type")
            writer.string("\(evaluation.type(of: value))")
            writer.key("text")
            writer.string(evaluation.description(of: value, limit: .max))
            var json = JSONWriter()
            do throws(CELError) {
                try evaluation.write(value, to: &json)
            } catch {
                return
            }
            writer.key("value")
            writer.raw(compact(json.finish()).span)
        case .failure(let error):
            writer.key("error")
            writer.beginObject()
            writer.key("message")
            writer.string(error.message)
            if let offset = error.offset {
                writer.key("offset")
                writer.int(offset)
            }
            writer.endObject()
        }
    }

    /// JSON without the white space between its parts: values of the bindings come as they stand in their file.
    private static func compact(_ json: [UInt8]) -> [UInt8] {
        var isInString = false
        var isEscaped = false
        return json.filter { byte in
            guard isInString else {
                isInString = byte == UInt8(ascii: "\"")
                return byte > 0x20
            }
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            return true
        }
    }

    // MARK: Failures

    /// What is wrong with the expression: for people on the standard error, for programs an object with all `issues`.
    private func failure(_ error: CELCompileError) -> any Error {
        guard language.output == .json else { return CommandFailure(error.description) }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("issues")
        writer.beginArray()
        for issue in error.issues {
            writer.beginObject()
            writer.key("message")
            writer.string(issue.message)
            for (key, number) in [("line", issue.line), ("column", issue.column), ("offset", issue.offset)] {
                writer.key(key)
                writer.int(number)
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        print(String(writer.finish().span))
        return ExitCode(Portcullis.ExitCode.failed.rawValue)
    }

    private func failure(_ error: CELError, printed: Bool) -> any Error {
        if printed { return ExitCode(Portcullis.ExitCode.failed.rawValue) }
        return CommandFailure(error.description(in: expression))
    }
}
