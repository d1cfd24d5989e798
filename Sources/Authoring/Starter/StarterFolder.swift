/// What a folder of policies begins with: an example, its tests, what an editor and a build server need.
public struct StarterFolder: Sendable {
    /// A build server, or what runs before a commit.
    public enum Pipeline: String, CaseIterable, Sendable {
        case github
        case gitlab
        case azureDevOps = "azure-devops"
        case preCommit = "pre-commit"
    }

    /// A file that is to be written.
    public struct File: Sendable {
        /// Where, from the folder.
        public let path: String
        /// What it is, in a few words.
        public let purpose: String
        /// What is in it.
        public let text: String
    }

    /// All files, in the order in which they are best read.
    public let files: [File]

    /// Chooses files.
    ///
    /// - Parameters:
    ///   - pipelines: Who is to run the tests.
    ///   - hasEditorSettings: Whether there are settings for Visual Studio Code.
    public init(pipelines: [Pipeline], hasEditorSettings: Bool = true) {
        var files = [
            File(path: "policies/README.md", purpose: "what is here, and what to do with it", text: Self.readme),
            File(path: "policies/storage.yaml", purpose: "an example of a policy", text: Self.policy),
            File(path: "policies/tests/storage.yaml", purpose: "its tests", text: Self.suite),
            File(path: "policies/tests/allowed.yaml", purpose: "an account that passes", text: Self.allowed),
            File(path: "policies/tests/denied.yaml", purpose: "one that does not", text: Self.denied),
            File(path: Self.schemaFile, purpose: "the form of policies, for editors", text: JSONSchema.text + "\n"),
        ]
        if hasEditorSettings {
            files.append(
                File(
                    path: ".vscode/settings.json",
                    purpose: "tells Visual Studio Code of it",
                    text: Self.editorSettings
                )
            )
        }
        files += Pipeline.allCases.filter { pipelines.contains($0) }.map(\.file)
        self.files = files
    }

    /// Where the schema is: no document of policies, and so not among them.
    private static let schemaFile = "portcullis.schema.json"

    private static let policy = """
        # yaml-language-server: $schema=../portcullis.schema.json
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata:
          name: storage
        spec:
          parameters:
            regions: [westeurope, northeurope]
          match:
            resources: ["storage.azure.com/StorageAccount"]
          rules:
            - name: regions
              message: data stays in Europe
              locations: {allow: "${parameters.regions}"}
            - name: modern-tls
              exposure: {minimumTLSVersion: "1.2"}
            - name: cost-center
              action: Warn
              tags: {required: {cost-center: {pattern: "^CC-[0-9]{4}$"}}}
          mutations:
            - name: managed-by
              tags: {default: {managed-by: platform-team}}

        """

    private static let suite = """
        # yaml-language-server: $schema=../../portcullis.schema.json
        apiVersion: portcullis.dev/v1alpha1
        kind: PolicyTest
        metadata:
          name: storage
        spec:
          manifest: allowed.yaml
          cases:
            - name: what a manifest does not say is filled in
              expect: {decision: Allow, patchedChanges: {spec: {tags: {managed-by: platform-team}}}}
            - name: a tag that is there stays
              changes: {spec: {tags: {managed-by: team-a}}}
              expect: {decision: Allow, patchedChanges: {}}
            - name: the other region
              changes: {spec: {location: northeurope, tags: {managed-by: team-a}}}
              expect: {decision: Allow, patchedChanges: {}}
            - name: everything that is wrong is told at once
              manifest: denied.yaml
              expect:
                decision: Deny
                failures:
                  - {rule: regions, field: spec.location, message: {contains: data stays in Europe}}
                  - {rule: modern-tls, field: spec.minimumTlsVersion}
                warnings: [{rule: cost-center, field: spec.tags.cost-center}]
            - name: a cost center that does not exist is only warned of
              changes: {spec: {tags: {cost-center: marketing, managed-by: team-a}}}
              expect:
                decision: Allow
                warnings: [{rule: cost-center, field: spec.tags.cost-center, value: marketing}]
                patchedChanges: {}

        """

    private static let allowed = """
        apiVersion: storage.azure.com/v1api20230101
        kind: StorageAccount
        metadata:
          name: invoices
          namespace: team-a
        spec:
          location: westeurope
          kind: StorageV2
          sku: {name: Standard_ZRS}
          minimumTlsVersion: TLS1_2
          tags: {cost-center: CC-1001}
          owner: {name: team-a-data}

        """

    private static let denied = """
        apiVersion: storage.azure.com/v1api20230101
        kind: StorageAccount
        metadata:
          name: exports
          namespace: team-a
        spec:
          location: eastus
          kind: StorageV2
          sku: {name: Standard_LRS}
          minimumTlsVersion: TLS1_1
          owner: {name: team-a-data}

        """

    private static let editorSettings = """
        {
          "yaml.schemas": {
            "./portcullis.schema.json": ["policies/*.yaml", "policies/**/*.yaml"]
          }
        }

        """

    private static let readme = """
        # Policies

        What may be ordered of Azure here: `storage.yaml` is an example, `tests/storage.yaml` says what it is to decide.

        ```
        $ portcullis test policies
        $ portcullis check policies/tests/denied.yaml
        policies/tests/denied.yaml:7:13: denied: StorageAccount team-a/exports: storage/regions: data stays in Europe (spec.location is "eastus"; allowed: westeurope, northeurope; set spec.location to westeurope or northeurope)
        policies/tests/denied.yaml:10:22: denied: StorageAccount team-a/exports: storage/modern-tls: spec.minimumTlsVersion is "TLS1_1"; allowed: TLS1_2 or later; set spec.minimumTlsVersion to TLS1_2 or later
        policies/tests/denied.yaml:7:3: warning: StorageAccount team-a/exports: storage/cost-center: spec.tags.cost-center is missing; add the tag cost-center with a value that matches ^CC-[0-9]{4}$

        RULE                 DENIED  WARNED
        storage/modern-tls        1  0
        storage/regions           1  0
        storage/cost-center       0  1

        1 manifest: 0 allowed, 1 denied
        ```

        1. Change a rule, and `portcullis test policies` tells which tests say otherwise; `--coverage` which rules none tries.
        2. Write another policy into a file beside `storage.yaml`, and its tests into one beside `tests/storage.yaml`. What fields
           there are, editors show, and `policies/README.md` of Portcullis' repository; its `policies/catalogue` has ready ones.
        3. `portcullis lint policies` finds what is probably not meant; `portcullis fmt policies` brings files into one form.
        4. `portcullis serve` is the webhook that enforces them: `deploy/` of Portcullis' repository brings it into a cluster.

        `portcullis.schema.json` lets editors complete and check policies; after an update of Portcullis write it anew with
        `portcullis generate schema >portcullis.schema.json`.

        Build servers need the executable, which nobody publishes: `make build` in Portcullis' repository makes
        `.build/release/portcullis`, one file for Linux. Keep it where they can fetch it, and set the variables
        `PORTCULLIS_URL`, where it is, and `PORTCULLIS_SHA256`, what `sha256sum` prints of it.

        """
}
