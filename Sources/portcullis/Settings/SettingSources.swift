/// Where settings come from, and which of several wins: the flag, then the environment, then the file, then the default.
struct SettingSources {
    /// A text that somebody gave, and who.
    struct Given {
        var text: String
        var origin: Origin
    }

    /// Who gave a value.
    enum Origin: CustomStringConvertible {
        case flag(String)
        case variable(String)
        case file(String)
        case standard(String)

        /// What an error names: the flag, the variable, or the place in the file.
        var description: String {
            switch self {
            case .flag(let name), .variable(let name), .file(let name): name
            case .standard(let name): "the default of \(name)"
            }
        }
    }

    private var flags: [String: String] = [:]
    private let environment: (String) -> String?
    private var file: SettingsFile?

    /// - Parameter environment: The value of an environment variable; nothing if it is not set.
    init(environment: @escaping (String) -> String?) {
        self.environment = environment
    }

    /// Notes what the command line says.
    mutating func take(_ value: String?, for setting: Setting) {
        flags[setting.name] = value
    }

    /// Notes what the command line says, each time that it says it.
    mutating func take(_ values: [String], for setting: Setting) {
        flags[setting.name] = values.isEmpty ? nil : values.joined(separator: ",")
    }

    /// Puts a file below flags and environment.
    mutating func use(_ file: SettingsFile) {
        self.file = file
    }

    /// What holds for a setting; nothing if nobody says anything and it has no default.
    func find(_ setting: Setting) -> Given? {
        if let text = flags[setting.name] { return Given(text: text, origin: .flag(setting.flag)) }
        // Set but empty is how a manifest leaves a variable out.
        if let text = environment(setting.variable), !text.isEmpty {
            return Given(text: text, origin: .variable(setting.variable))
        }
        if let given = file?.values[setting.name] { return given }
        return setting.standard.map { Given(text: $0, origin: .standard(setting.flag)) }
    }

    /// What holds for a setting, read as something.
    ///
    /// - Parameters:
    ///   - setting: Which.
    ///   - expected: What `parse` takes, for the error: `a duration such as 10s`.
    ///   - parse: Nothing if the text is not that.
    /// - Returns: Nothing if nobody says anything and there is no default.
    /// - Throws: Who gave which bad text, and what is expected.
    func find<Value>(_ setting: Setting, as expected: String, _ parse: (String) -> Value?) throws(UsageError) -> Value?
    {
        guard let given = find(setting) else { return nil }
        guard let value = parse(given.text) else {
            throw UsageError("\(given.origin): '\(given.text)' is not \(expected)")
        }
        return value
    }

    /// As ``find(_:as:_:)``, for a setting that must be given or has a default.
    func require<Value>(_ setting: Setting, as expected: String, _ parse: (String) -> Value?) throws(UsageError)
        -> Value
    {
        guard let value = try find(setting, as: expected, parse) else { throw missing(setting) }
        return value
    }

    /// The text of a setting that must be given or has a default.
    func require(_ setting: Setting) throws(UsageError) -> String {
        guard let given = find(setting) else { throw missing(setting) }
        return given.text
    }

    private func missing(_ setting: Setting) -> UsageError {
        UsageError(
            "\(setting.flag) is missing: give \(setting.flag) \(setting.placeholder), \(setting.variable), or "
                + "\(setting.name): in the configuration file"
        )
    }
}

/// A command line or configuration that cannot be used: exit code 2.
struct UsageError: Error, CustomStringConvertible {
    /// Who says what wrong, and the mend.
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
