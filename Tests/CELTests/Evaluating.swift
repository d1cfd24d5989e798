import CEL
import Foundation
import JSON

/// What came of an expression: its value as CEL writes it or `error: …`, and what it cost.
struct Answer: Sendable, Equatable {
    let text: String
    let code: CELError.Code?
    let cost: UInt64
}

/// Compiles and evaluates an expression over variables that a JSON object has.
///
/// - Returns: For one that does not compile, `does not compile: …`.
func answer(
    _ source: String,
    _ profile: Profile = .standard,
    _ variables: String = "{}",
    limits: Evaluation.Limits = Evaluation.Limits(),
    deadline: ContinuousClock.Instant? = nil
) -> Answer {
    do {
        let document = try JSONDocument(parsing: Array(variables.utf8))
        var evaluation = Evaluation(limits: limits)
        evaluation.deadline = deadline
        _ = evaluation.add(document)
        var declarations: [CELEnvironment.Variable] = []
        for (number, member) in document.members(of: document.root).enumerated() {
            declarations.append(CELEnvironment.Variable(document.string(member.key) ?? "", .dyn))
            evaluation.bind(number, to: evaluation.value(member.value))
        }
        let program = try CELEnvironment(profile, variables: declarations).compile(source)
        do throws(CELError) {
            let value = try program.evaluate(&evaluation)
            return Answer(text: evaluation.description(of: value, limit: 10_000), code: nil, cost: evaluation.cost)
        } catch {
            return Answer(text: "error: \(error)", code: error.code, cost: evaluation.cost)
        }
    } catch {
        return Answer(text: "does not compile: \(error)", code: nil, cost: 0)
    }
}

/// The folder of the specification's tests and Kubernetes' verdicts; nil if it is not beside the checkout.
let conformanceFolder: URL? = {
    if let path = ProcessInfo.processInfo.environment["PORTCULLIS_CORPUS"] {
        return URL(filePath: path).appending(path: "cel")
    }
    var folder = URL(filePath: #filePath).deletingLastPathComponent()
    while folder.path != "/" {
        let candidate = folder.appending(path: "shared/corpus/cel")
        if FileManager.default.fileExists(atPath: candidate.path) { return candidate }
        folder.deleteLastPathComponent()
    }
    return nil
}()
