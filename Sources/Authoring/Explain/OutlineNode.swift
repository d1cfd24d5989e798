internal import Policy

/// A line of a tree, and what belongs to it.
struct OutlineNode {
    /// A part of the line.
    struct Piece {
        /// What it is where that can be seen.
        enum Role {
            case text
            /// A field, a value or an expression.
            case code
            /// A sign; its word is for those who hear the page.
            case mark(String)
            /// Where people read more.
            case link
        }

        let text: String
        let style: TextStyle
        let role: Role

        init(_ text: String, _ style: TextStyle = .plain, _ role: Role = .text) {
            self.text = text
            self.style = style
            self.role = role
        }
    }

    var pieces: [Piece]
    var children: [OutlineNode] = []
    /// Whether the children are seen at once where a reader can fold them.
    var isOpen = true

    init(_ pieces: Piece..., children: [OutlineNode] = [], isOpen: Bool = true) {
        self.pieces = pieces
        self.children = children
        self.isOpen = isOpen
    }

    init(_ text: String, _ style: TextStyle = .plain, children: [OutlineNode] = [], isOpen: Bool = true) {
        self.init(Piece(text, style), children: children, isOpen: isOpen)
    }

    /// The tree in lines, joined by box-drawing characters.
    ///
    /// What comes from objects and policies is one line whatever is in it, and moves no cursor.
    func text(isColoured: Bool) -> [String] {
        var lines: [String] = []
        write(first: "", rest: "", isColoured, &lines)
        return lines
    }

    private func write(first: String, rest: String, _ isColoured: Bool, _ lines: inout [String]) {
        let line = pieces.map { $0.style.paint($0.text.singleLine.logLine, isColoured: isColoured) }.joined()
        lines.append(TextStyle.faint.paint(first, isColoured: isColoured) + line)
        for (place, child) in children.enumerated() {
            let isLast = place == children.count - 1
            child.write(
                first: rest + (isLast ? "└─ " : "├─ "),
                rest: rest + (isLast ? "   " : "│  "),
                isColoured,
                &lines
            )
        }
    }
}
