internal import JSON

extension Library {
    /// Kubernetes' functions on URLs (`apiserver/pkg/cel/library/urls.go`).
    static let urls = Library(
        name: "kubernetes.urls",
        types: [URLValue.type],
        functions: [
            Function("url", row("string_to_url", URLValue.type, .unary(URLs.url))),
            Function("isURL", row("is_url_string", .bool, charge: .one, .unary(URLs.isURL))),
            part("getScheme", "url_get_scheme") { $0.scheme },
            part("getHost", "url_get_host") { $0.host },
            part("getHostname", "url_get_hostname") { $0.hostnameAndPort.hostname },
            part("getPort", "url_get_port") { $0.hostnameAndPort.port },
            part("getEscapedPath", "url_get_escaped_path") { $0.escapedPath },
            Function(
                "getQuery",
                .method(
                    "url_get_query",
                    [URLValue.type],
                    .map(.string, .list(.string)),
                    availability: .kubernetesOnly(),
                    .unary(URLs.query)
                )
            ),
        ]
    )

    private static func row(
        _ id: String,
        _ result: CELType,
        charge: CallCost = .traversal,
        _ implementation: Implementation
    ) -> Overload {
        .function(id, [.string], result, availability: .kubernetesOnly(), charge: charge, implementation)
    }

    private static func part(
        _ name: String,
        _ id: String,
        _ part: @escaping @Sendable (ParsedURL) -> [UInt8]
    ) -> Function {
        Function(
            name,
            .method(
                id,
                [URLValue.type],
                .string,
                availability: .kubernetesOnly(),
                .unary { value, _ in .string(value.url.map { String(part($0).span) } ?? "") }
            )
        )
    }
}

/// A URL as a value.
final class URLValue: ObjectValue {
    static let type = CELType.opaque("kubernetes.URL")
    let url: ParsedURL

    init(_ url: ParsedURL) { self.url = url }

    var type: CELType { Self.type }
    func isEqual(to other: any ObjectValue) -> Bool { (other as? URLValue)?.url == url }
}

extension CELValue {
    fileprivate var url: ParsedURL? {
        if case .object(let object) = self { (object as? URLValue)?.url } else { nil }
    }
}

private enum URLs {
    static func url(_ text: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let bytes = evaluation.utf8(text)
        do throws(ParsedURL.Flaw) {
            // A reference may be relative and a request's URI not, but only the former knows fragments.
            _ = try ParsedURL(request: bytes)
            return .object(URLValue(try ParsedURL(reference: bytes)))
        } catch {
            throw CELError(.invalidArgument, "URL parse error during conversion from string: \(error.reason)")
        }
    }

    static func isURL(_ text: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        .bool((try? ParsedURL(request: evaluation.utf8(text))) != nil)
    }

    static func query(_ value: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let parameters = value.url?.parameters ?? []
        try evaluation.allowElements(parameters.count)
        return .map(
            MapValue(
                unchecked: parameters.map { parameter in
                    (.string(String(parameter.key.span)), .strings(parameter.values.map { String($0.span) }))
                }
            )
        )
    }
}
