import Testing

@testable import portcullis

@Suite struct OutcomeTableTests {
    private static let outcomes = [
        ReviewClient.Outcome(
            request: "CREATE StorageAccount/orders",
            namespace: "team-a",
            isAllowed: true,
            warnings: ["names should begin with a"],
            patch: ["managed-by=portcullis", "environment=development", "credential-from=team-a-credential"]
        ),
        ReviewClient.Outcome(
            request: "UPDATE FlexibleServer/" + String(repeating: "x", count: 90),
            namespace: "",
            isAllowed: false,
            failures: [String(repeating: "a long reason ", count: 20), "short"]
        ),
    ]

    @Test(arguments: [0, 80, 100, 120, 500]) func everyLineFits(_ width: Int) {
        let table = OutcomeTable(width: width, isColoured: false)
        for line in table.lines(Self.outcomes) {
            #expect(line.count <= min(max(width, 80), 120))
            #expect(line.last != " ")
        }
    }

    @Test func columnsAreAlignedAndReasonsBelow() {
        let lines = OutcomeTable(width: 80, isColoured: false).lines(Self.outcomes)
        #expect(
            lines.prefix(5) == [
                "REQUEST                           NAMESPACE  DECISION  PATCH",
                "CREATE StorageAccount/orders      team-a     allowed   managed-by=portcullis,",
                "                                                       environment=development,",
                "                                                       credential-from=team-a-c…",
                "  ! names should begin with a",
            ]
        )
        #expect(lines.last == "  - short")
    }

    @Test func reasonsAreWhole() {
        let lines = OutcomeTable(width: 80, isColoured: false).lines(Self.outcomes)
        let words = lines.flatMap { $0.split(separator: " ") }
        #expect(words.filter { $0 == "reason" }.count == 20)
        #expect(lines.filter { $0.hasPrefix("  - ") }.count == 2)
    }

    @Test func coloursDoNotMoveColumns() {
        let plain = OutcomeTable(width: 100, isColoured: false).lines(Self.outcomes)
        let coloured = OutcomeTable(width: 100, isColoured: true).lines(Self.outcomes)
        #expect(coloured.contains { $0.contains("\u{1b}[31m") })
        let stripped = coloured.map { line in
            var text = line
            for code in ["0", "1", "31", "32", "33"] { text = text.split(separator: "\u{1b}[\(code)m").joined() }
            while text.last == " " { text.removeLast() }
            return text
        }
        #expect(stripped == plain)
    }
}
