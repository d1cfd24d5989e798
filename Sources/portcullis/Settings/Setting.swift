internal import ArgumentParser

/// One thing that can be set: as a flag, in the environment, in the file, with a default below all of them.
///
/// The name is written once. `drain-delay` is the flag `--drain-delay`, the variable `PORTCULLIS_DRAIN_DELAY` and the key
/// `drain-delay` of the file.
struct Setting: Sendable {
    /// In kebab case.
    let name: String
    /// What `--help` shows in place of the value.
    let placeholder: String
    /// What holds if nobody says anything; nothing if there is no default.
    let standard: String?
    /// One or two sentences for `--help`.
    let help: String

    init(_ name: String, _ placeholder: String, default standard: String? = nil, _ help: String) {
        self.name = name
        self.placeholder = placeholder
        self.standard = standard
        self.help = help
    }

    /// Such as `--drain-delay`.
    var flag: String { "--\(name)" }

    /// Such as `PORTCULLIS_DRAIN_DELAY`.
    ///
    /// A Service named `portcullis` puts `PORTCULLIS_PORT…` and `PORTCULLIS_SERVICE_…` into every pod of its namespace: no
    /// setting may have such a name, and variables that we do not know are not an error.
    var variable: String { "PORTCULLIS_" + String(name.uppercased().map { $0 == "-" ? "_" : $0 }) }
}

extension Option where Value == String? {
    /// The flag of a setting.
    init(_ setting: Setting) {
        self.init(name: .customLong(setting.name), help: ArgumentHelp(setting))
    }
}

extension Option where Value == [String] {
    /// The flag of a setting that may be given several times.
    init(wrappedValue: [String], _ setting: Setting) {
        self.init(
            wrappedValue: wrappedValue,
            name: .customLong(setting.name),
            parsing: .singleValue,
            help: ArgumentHelp(setting)
        )
    }
}

extension ArgumentHelp {
    fileprivate init(_ setting: Setting) {
        let standard = setting.standard.map { " (default: \($0))" } ?? ""
        self.init("\(setting.help)\(standard)", valueName: setting.placeholder)
    }
}
