import CEL
import Testing

/// An expression and what it comes to.
struct LibraryCase: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable {
        /// The value of another expression.
        case value(String)
        /// An error whose message has this in it.
        case error(String)
        /// It does not compile, for a reason that has this in it.
        case refused(String)
    }

    let source: String
    let outcome: Outcome

    var testDescription: String { source }

    static func gives(_ source: String, _ value: String) -> LibraryCase {
        LibraryCase(source: source, outcome: .value(value))
    }
    static func fails(_ source: String, _ part: String) -> LibraryCase {
        LibraryCase(source: source, outcome: .error(part))
    }
    static func refuses(_ source: String, _ part: String = "") -> LibraryCase {
        LibraryCase(source: source, outcome: .refused(part))
    }

    /// Compiles and evaluates the expression and compares what it comes to.
    func check(_ profile: Profile, sourceLocation: SourceLocation = #_sourceLocation) {
        let environment = CELEnvironment(profile)
        let program: CELProgram
        do throws(CELCompileError) {
            program = try environment.compile(source)
        } catch {
            if case .refused(let part) = outcome {
                #expect(part.isEmpty || "\(error)".contains(part), sourceLocation: sourceLocation)
            } else {
                Issue.record("\(source) does not compile: \(error)", sourceLocation: sourceLocation)
            }
            return
        }
        var evaluation = Evaluation()
        do throws(CELError) {
            let value = try program.evaluate(&evaluation)
            let text = evaluation.description(of: value, limit: 4000)
            guard case .value(let wanted) = outcome else {
                Issue.record("\(source) gives \(text)", sourceLocation: sourceLocation)
                return
            }
            let expected = try Self.value(of: wanted, environment, &evaluation)
            let expectedText = evaluation.description(of: expected, limit: 4000)
            // What is equal may be of another type: 1 and 1.0.
            let isSame =
                evaluation.isEqual(value, expected) && evaluation.type(of: value) == evaluation.type(of: expected)
            #expect(isSame, "\(source) gives \(text), not \(expectedText)", sourceLocation: sourceLocation)
        } catch {
            guard case .error(let part) = outcome else {
                Issue.record("\(source) fails: \(error)", sourceLocation: sourceLocation)
                return
            }
            #expect("\(error)".contains(part), sourceLocation: sourceLocation)
        }
    }

    private static func value(
        of source: String,
        _ environment: CELEnvironment,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let program: CELProgram
        do throws(CELCompileError) {
            program = try environment.compile(source)
        } catch {
            throw CELError(.invalidArgument, "\(error)")
        }
        return try program.evaluate(&evaluation)
    }
}
