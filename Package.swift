// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is built with; `make build` adds `--explicit-target-dependency-import-check error`.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    // Spans of a document's bytes are returned, not passed to closures: that needs `@_lifetime`.
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

func library(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name + "Tests", dependencies: dependencies + ["TestSupport"], swiftSettings: strict)
}

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

// A target imports only targets above its own line.
var targets: [Target] = [
    .target(name: "CLinux"),
    .target(name: "COpenSSL", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
    .target(name: "CNghttp2", linkerSettings: [.linkedLibrary("nghttp2")]),
    .target(name: "CYAML", linkerSettings: [.linkedLibrary("yaml")]),
    .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2"), .linkedLibrary("stdc++")]),
    .target(name: "CAzureData"),
    .target(name: "CVector"),
    library("JSON", ["CYAML", "CVector"]),
    library("CEL", ["JSON", "CRE2"]),
    library("Kubernetes", ["JSON"]),
    library("Azure", ["JSON", "CAzureData"], exclude: ["Data"]),
    library("Policy", ["CEL", "Kubernetes", "Azure", "JSON"]),
    library("HTTPWire", ["CNghttp2"]),
    library("TLS", ["COpenSSL"]),
    library("EventLoop", ["CLinux"]),
    library("Observability", ["JSON", "EventLoop", log]),
    library("Transport", ["EventLoop", "TLS"]),
    library("Server", ["Transport", "EventLoop", "TLS", "HTTPWire", "Observability"]),
    library("HTTPClient", ["Transport", "EventLoop", "TLS", "HTTPWire"]),
    library("Admission", ["Policy", "Kubernetes", "Azure", "JSON", "Observability", "EventLoop"]),
    library("Authoring", ["Policy", "Kubernetes", "Azure", "CEL", "JSON"]),
    .executableTarget(
        name: "portcullis",
        dependencies: [
            "Admission", "Authoring", "Azure", "CEL", "EventLoop", "HTTPClient", "HTTPWire", "JSON", "Kubernetes",
            "Observability",
            "Policy",
            "Server", "TLS", arguments, log,
        ],
        swiftSettings: strict
    ),

    .target(
        name: "TestSupport",
        dependencies: ["Policy", "Kubernetes", "CEL", "JSON", "HTTPWire"],
        path: "Tests/Support",
        swiftSettings: strict
    ),
    tests("JSON", ["JSON"]),
    tests("CEL", ["CEL", "JSON"]),
    tests("Kubernetes", ["Kubernetes", "JSON"]),
    tests("Azure", ["Azure", "JSON"]),
    tests("Policy", ["Policy", "CEL", "Kubernetes", "Azure", "JSON"]),
    tests("Observability", ["Observability", "JSON", "EventLoop", log]),
    tests("HTTPWire", ["HTTPWire"]),
    tests("TLS", ["TLS"]),
    tests("EventLoop", ["EventLoop"]),
    tests(
        "Server",
        [
            "Server", "HTTPClient", "Transport", "EventLoop", "TLS", "HTTPWire", "Observability", "Admission", "Azure",
            "JSON", "Policy",
        ]
    ),
    tests("Authoring", ["Authoring", "Policy", "Kubernetes", "Azure", "CEL", "JSON"]),
    tests("Admission", ["Admission", "Policy", "Kubernetes", "Azure", "JSON", "Observability", "EventLoop"]),
    tests(
        "portcullis",
        [
            "portcullis", "HTTPClient", "HTTPWire", "TLS", "EventLoop", "JSON", "CEL", "Policy", "Kubernetes", "Azure",
            "Admission", "Authoring", "Observability", arguments, log,
        ]
    ),
]

// The oracle of `make differential`, the fuzzers of `make fuzz` and the benchmark of `make bench`: built only when they are
// asked for, because the first needs simdjson, unsafe flags keep a package from being depended on, and the last brings a
// malloc of its own.
if Context.environment["DIFFERENTIAL"] != nil {
    targets += [
        .target(
            name: "CSimdJSON",
            path: "Tests/Differential/CSimdJSON",
            linkerSettings: [.linkedLibrary("simdjson"), .linkedLibrary("stdc++")]
        ),
        .executableTarget(
            name: "JSONDifferential",
            dependencies: ["CSimdJSON", "JSON", "TestSupport"],
            path: "Tests/Differential/JSON",
            swiftSettings: strict
        ),
    ]
}

func fuzzer(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .executableTarget(
        name: "Fuzz" + name,
        dependencies: dependencies + ["TestSupport"],
        path: "Tests/Fuzz/" + name,
        swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]
    )
}

if Context.environment["FUZZ"] != nil {
    targets += [
        fuzzer("JSON"), fuzzer("YAML"), fuzzer("HTTP1"), fuzzer("HTTP2"), fuzzer("Azure", ["Azure", "JSON"]),
        fuzzer("CEL"), fuzzer("Policies"),
    ]
}

if Context.environment["BENCHMARK"] != nil {
    targets += [
        .target(name: "CAllocations", path: "Tests/Benchmark/CAllocations"),
        .executableTarget(
            name: "CELBenchmark",
            dependencies: ["CAllocations", "CEL", "JSON"],
            path: "Tests/Benchmark/CEL",
            swiftSettings: strict
        ),
    ]
}

let package = Package(
    name: "portcullis",
    products: [.executable(name: "portcullis", targets: ["portcullis"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    ],
    targets: targets,
    cxxLanguageStandard: .cxx17
)
