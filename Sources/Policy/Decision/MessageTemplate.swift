internal import JSON
internal import Kubernetes

/// A rule's `message`: text with `${name}` for what is only known of a failure, filled in when its words are made.
struct MessageTemplate: Sendable {
    /// What may stand between `${` and `}`.
    enum Placeholder: String, CaseIterable {
        /// What stands at the field, shortened, and redacted like everywhere else.
        case value
        /// The field's path.
        case field
        /// What would be allowed.
        case allowed
        /// The kind of the object.
        case kind
        /// The object's name.
        case name
        /// The object's namespace.
        case namespace
        /// The policy's name.
        case policy
        /// The rule's name.
        case rule
    }

    /// The text as it is written in the policy.
    let source: String
    private let pieces: [InterpolationPiece<Placeholder>]

    /// The most placeholders of one message.
    static let maximumPlaceholders = 16

    /// Whether it says which object failed.
    let namesObject: Bool

    /// Which object a request is about.
    final class Object: Sendable {
        let kind: String
        let name: String
        let namespace: String

        /// The longest name that is shown, in bytes; the API server allows as many.
        private static let maximumBytes = 253

        init(_ request: borrowing AdmissionRequest) {
            let document = request.document
            func shown(_ value: JSONValue?) -> String? {
                guard let value, let text = document.string(value), !text.isEmpty else { return nil }
                return text.singleLine.shortened(to: Self.maximumBytes)
            }
            kind = shown(request.kind.name) ?? ""
            let metadata = request.subject.map { ObjectMeta(of: $0, in: document) }
            let prefix = request.subject.flatMap { document.member("metadata", of: $0) }
                .flatMap { shown(document.member("generateName", of: $0)) }
            name = shown(request.name) ?? shown(metadata?.name) ?? prefix.map { $0 + "…" } ?? "(no name)"
            namespace = shown(request.namespace) ?? "(no namespace)"
        }
    }

    /// Writes the message of a failure whose path and value stand in the text already.
    func write(of failure: borrowing Failure, to text: inout TextBuffer, _ words: Explanation.Words) {
        for piece in pieces {
            switch piece {
            case .text(let part): text.append(part)
            case .hole(.value):
                if words.hasValue {
                    text.append(words.value)
                } else {
                    text.append(failure.reason == .unknown ? "(not known)" : "(not set)")
                }
            case .hole(.field): text.append(words.path)
            case .hole(.allowed): text.append(words.allowed.isEmpty ? "(anything else)" : words.allowed)
            case .hole(.kind): text.append(failure.request?.kind ?? "")
            case .hole(.name): text.append(failure.request?.name ?? "")
            case .hole(.namespace): text.append(failure.request?.namespace ?? "")
            case .hole(.policy): text.append(failure.policy)
            case .hole(.rule): text.append(failure.rule)
            }
        }
    }
}

extension MessageTemplate {
    /// Reads a `message`.
    init?(_ node: Node) {
        guard let source = node.line() else { return nil }
        let pieces: [InterpolationPiece<Placeholder>]? = node.interpolation(of: source) { bytes, start in
            bytes[start...].firstIndex(of: UInt8(ascii: "}"))
        } piece: { name, start in
            if name.hasPrefix("parameters."), let parameters = node.parameters,
                let words = parameters.words(String(name.dropFirst("parameters.".count)))
            {
                return .text(words.singleLine)
            }
            guard let placeholder = Placeholder(rawValue: name) else {
                node.reportPlaceholder(name, at: start - 2)
                return nil
            }
            return .hole(placeholder)
        }
        guard let pieces else { return nil }
        let placeholders = pieces.compactMap { if case .hole(let placeholder) = $0 { placeholder } else { nil } }
        guard placeholders.count <= Self.maximumPlaceholders else {
            node.error("has \(placeholders.count) placeholders", mend: "keep within \(Self.maximumPlaceholders)")
            return nil
        }
        self.source = source
        self.pieces = pieces
        namesObject = placeholders.contains { $0 == .kind || $0 == .name || $0 == .namespace }
    }
}

extension Node {
    fileprivate func reportPlaceholder(_ name: String, at offset: Int) {
        let names = MessageTemplate.Placeholder.allCases.map(\.rawValue)
        let near = name.nearest(in: names)
        error(
            "has \"${\(name.prefix(40).description.singleLine)}\", which is unknown"
                + (near.map { ", did you mean \"${\($0)}\"?" } ?? ""),
            mend: near.map { "write ${\($0)}" }
                ?? "write one of \(names.joined(separator: ", ")), or $${ for the text ${",
            at: offset
        )
    }

    /// A page for people: where to read more about a rule.
    func link() -> String? {
        guard let text = string() else { return nil }
        let bytes = text.utf8
        let isLink =
            bytes.count <= 512 && text.hasPrefix("https://")
            && bytes.dropFirst(8).first.map { $0.isAlphanumericASCII || $0 == UInt8(ascii: "[") } == true
            && bytes.allSatisfy { $0 > 0x20 && $0 < 0x7f && !#""<>\^`{|}"#.utf8.contains($0) }
        guard isLink else {
            error(
                "is \"\(text.prefix(80).description.singleLine)\"",
                mend: "write an https URL of at most 512 bytes, such as https://wiki.example/databases"
            )
            return nil
        }
        return text
    }
}
