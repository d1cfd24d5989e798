import Observability
import Testing

@Suite struct MetricsTests {
    private func text(_ metrics: Metrics) -> String {
        var bytes: [UInt8] = []
        metrics.render(into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func shardsAddUp() {
        let metrics = Metrics()
        let requests = metrics.counters(
            "portcullis_requests_total",
            help: "Requests.",
            labels: [Label("protocol", ["h1", "h2"])]
        )
        let shards = [metrics.makeShard(), metrics.makeShard()]
        shards[0].add(2, to: requests[1])
        shards[1].add(3, to: requests[1])
        #expect(
            text(metrics) == """
                # HELP portcullis_requests_total Requests.
                # TYPE portcullis_requests_total counter
                portcullis_requests_total{protocol="h1"} 0
                portcullis_requests_total{protocol="h2"} 5

                """
        )
    }

    @Test func everyCombinationOfLabelsHasItsOwnCounter() {
        let metrics = Metrics()
        let family = metrics.counters(
            "x_total",
            help: "x",
            labels: [
                Label("a", ["1", "2"]), Label("b", ["1", "2", "3"]), Label("c", ["1", "2"]), Label("d", ["1", "2"]),
            ]
        )
        let after = metrics.counters("after_total", help: "after")
        let shard = metrics.makeShard()
        var count = 1
        for a in 0..<2 {
            for b in 0..<3 {
                for c in 0..<2 {
                    for d in 0..<2 {
                        shard.add(count, to: family[a, b, c, d])
                        count += 1
                    }
                }
            }
        }
        let lines = text(metrics).split(separator: "\n")
        #expect(lines.contains(#"x_total{a="1",b="1",c="1",d="1"} 1"#))
        #expect(lines.contains(#"x_total{a="2",b="3",c="2",d="2"} 24"#))
        #expect(lines.filter { $0.hasPrefix("x_total{") }.count == 24)
        #expect(lines.contains("after_total 0"))
        shard.add(to: after[])
        #expect(text(metrics).contains("after_total 1\n"))
    }

    @Test func aLevelMayRiseInOneShardAndFallInAnother() {
        let metrics = Metrics()
        let open = metrics.levels("portcullis_connections_open", help: "Open connections.")
        let shards = [metrics.makeShard(), metrics.makeShard()]
        shards[0].add(5, to: open[])
        shards[1].subtract(3, from: open[])
        #expect(text(metrics).contains("# TYPE portcullis_connections_open gauge\nportcullis_connections_open 2\n"))
    }

    @Test func bucketsAreCumulativeAndABoundBelongsToItsBucket() {
        let metrics = Metrics()
        let latency = metrics.histograms("portcullis_review_duration_seconds", help: "Latency.", bounds: .requests)
        let shard = metrics.makeShard()
        for nanoseconds: UInt64 in [1, 25_000, 25_001, 20_000_000_000] {
            shard.observe(nanoseconds: nanoseconds, in: latency[])
        }
        let text = text(metrics)
        #expect(text.contains("portcullis_review_duration_seconds_bucket{le=\"2.5e-05\"} 2\n"))
        #expect(text.contains("portcullis_review_duration_seconds_bucket{le=\"5e-05\"} 3\n"))
        #expect(text.contains("portcullis_review_duration_seconds_bucket{le=\"10\"} 3\n"))
        #expect(text.contains("portcullis_review_duration_seconds_bucket{le=\"+Inf\"} 4\n"))
        #expect(text.contains("portcullis_review_duration_seconds_sum 20.000050002\n"))
        #expect(text.contains("portcullis_review_duration_seconds_count 4\n"))
    }

    @Test func readNumbersAreReadAtEachScrape() {
        let metrics = Metrics()
        metrics.gauge("portcullis_policies", help: "Policies in force.", labels: [("kind", "AzurePolicy")]) { 3 }
        metrics.gauge("portcullis_policies", help: "Policies in force.", labels: [("kind", "AzureBinding")]) { 0.5 }
        #expect(
            text(metrics) == """
                # HELP portcullis_policies Policies in force.
                # TYPE portcullis_policies gauge
                portcullis_policies{kind="AzurePolicy"} 3
                portcullis_policies{kind="AzureBinding"} 0.5

                """
        )
    }

    @Test func helpAndLabelValuesAreEscaped() {
        let metrics = Metrics()
        metrics.gauge("a", help: "one\ntwo \\ \"three\"", labels: [("l", "\"\\\n")]) { .infinity }
        #expect(
            text(metrics).hasPrefix("# HELP a one\\ntwo \\\\ \"three\"\n# TYPE a gauge\na{l=\"\\\"\\\\\\n\"} +Inf\n")
        )
    }

    @Test func appendsToWhatIsThere() {
        let metrics = Metrics()
        metrics.gauge("a", help: "a") { 1 }
        var bytes = Array("x".utf8)
        metrics.render(into: &bytes)
        #expect(bytes.starts(with: Array("x# HELP".utf8)))
    }

    @Test func anUnknownLabelValueCountsAsOther() {
        let groups = (0..<200).map { "group\($0).azure.com" }
        let index = LabelIndex("group", groups)
        #expect(index.label.values.count == 201)
        for (expected, group) in groups.enumerated() {
            #expect(index.index(of: Array(group.utf8).span) == expected)
        }
        for unknown in ["", "group", "group200.azure.com", "Group1.azure.com"] {
            #expect(index.label.values[index.index(of: Array(unknown.utf8).span)] == "other")
        }
    }

    @Test func aFamilyAfterTheFirstShardIsABug() async {
        await #expect(processExitsWith: .failure) {
            let metrics = Metrics()
            _ = metrics.makeShard()
            _ = metrics.counters("late_total", help: "late")
        }
    }
}
