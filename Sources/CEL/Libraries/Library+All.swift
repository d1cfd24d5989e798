extension Library {
    /// Every library there is; profiles pick overloads by their availability.
    ///
    /// A function may have rows in several libraries.
    static let all: [Library] = [
        Standard.library, Optionals.library, .strings, .math, .lists, .kubernetesLists, .sets, .encoders, .network,
        .twoVariableComprehensions, .regex, .kubernetesRegex, .urls, .quantities, .semver, .formats, .authorizer,
        .jsonPatches,
    ]
}
