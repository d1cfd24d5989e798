extension StarterFolder.Pipeline {
    /// What makes it lint, check the form and test at every change.
    var file: StarterFolder.File {
        switch self {
        case .github:
            StarterFolder.File(path: ".github/workflows/policies.yml", purpose: "GitHub Actions", text: Self.githubText)
        case .gitlab: StarterFolder.File(path: ".gitlab-ci.yml", purpose: "GitLab CI", text: Self.gitlabText)
        case .azureDevOps:
            StarterFolder.File(path: "azure-pipelines.yml", purpose: "Azure Pipelines", text: Self.azureDevOpsText)
        case .preCommit:
            StarterFolder.File(path: ".pre-commit-config.yaml", purpose: "pre-commit's hooks", text: Self.preCommitText)
        }
    }

    private static let githubText = """
        # Nobody publishes the executable. Build it (make build in Portcullis' repository makes .build/release/portcullis, one
        # file for Linux), keep it where this job can fetch it, and set two variables of the repository (Settings, Secrets and
        # variables, Actions, Variables): PORTCULLIS_URL, where it is, and PORTCULLIS_SHA256, what sha256sum prints of it.
        name: policies
        on:
          push:
            branches: [main]
          pull_request:
        permissions:
          contents: read
        jobs:
          policies:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - name: Get portcullis
                env:
                  PORTCULLIS_URL: ${{ vars.PORTCULLIS_URL }}
                  PORTCULLIS_SHA256: ${{ vars.PORTCULLIS_SHA256 }}
                run: |
                  : "${PORTCULLIS_URL:?is no variable of this repository: see the first lines of this file}"
                  : "${PORTCULLIS_SHA256:?is no variable of this repository: see the first lines of this file}"
                  mkdir -p "$RUNNER_TEMP/bin"
                  curl -fsSL -o "$RUNNER_TEMP/bin/portcullis" "$PORTCULLIS_URL"
                  echo "$PORTCULLIS_SHA256  $RUNNER_TEMP/bin/portcullis" | sha256sum --check
                  chmod +x "$RUNNER_TEMP/bin/portcullis"
                  echo "$RUNNER_TEMP/bin" >>"$GITHUB_PATH"
              - run: portcullis lint --output github policies
              - run: portcullis fmt --check policies
              - run: portcullis test --output github policies

        """

    private static let gitlabText = """
        # Nobody publishes the executable. Build it (make build in Portcullis' repository makes .build/release/portcullis, one
        # file for Linux), keep it where this job can fetch it, and set two variables of the project (Settings, CI/CD,
        # Variables): PORTCULLIS_URL, where it is, and PORTCULLIS_SHA256, what sha256sum prints of it.
        policies:
          image: debian:12
          before_script:
            - |
              : "${PORTCULLIS_URL:?is no variable of this project: see the first lines of .gitlab-ci.yml}"
              : "${PORTCULLIS_SHA256:?is no variable of this project: see the first lines of .gitlab-ci.yml}"
              apt-get update -qq
              apt-get install -y -qq --no-install-recommends ca-certificates curl
              curl -fsSL -o /usr/local/bin/portcullis "$PORTCULLIS_URL"
              echo "$PORTCULLIS_SHA256  /usr/local/bin/portcullis" | sha256sum --check
              chmod +x /usr/local/bin/portcullis
          script:
            - portcullis lint policies
            - portcullis fmt --check policies
            - portcullis test --output junit policies >policies.xml
          artifacts:
            when: always
            reports:
              junit: policies.xml

        """

    private static let azureDevOpsText = """
        # Nobody publishes the executable. Build it (make build in Portcullis' repository makes .build/release/portcullis, one
        # file for Linux), keep it where this pipeline can fetch it, and set two of its variables: PORTCULLIS_URL, where it is,
        # and PORTCULLIS_SHA256, what sha256sum prints of it.
        trigger:
          branches:
            include: [main]
        pool:
          vmImage: ubuntu-latest
        steps:
          - bash: |
              set -e
              : "${PORTCULLIS_URL:?is no variable of this pipeline: see the first lines of azure-pipelines.yml}"
              : "${PORTCULLIS_SHA256:?is no variable of this pipeline: see the first lines of azure-pipelines.yml}"
              mkdir -p "$AGENT_TEMPDIRECTORY/bin"
              curl -fsSL -o "$AGENT_TEMPDIRECTORY/bin/portcullis" "$PORTCULLIS_URL"
              echo "$PORTCULLIS_SHA256  $AGENT_TEMPDIRECTORY/bin/portcullis" | sha256sum --check
              chmod +x "$AGENT_TEMPDIRECTORY/bin/portcullis"
              echo "##vso[task.prependpath]$AGENT_TEMPDIRECTORY/bin"
            displayName: Get portcullis
          - bash: portcullis lint --output azuredevops policies
            displayName: Lint
          - bash: portcullis fmt --check policies
            displayName: Check the form
          - bash: portcullis test --output junit policies >"$AGENT_TEMPDIRECTORY/policies.xml"
            displayName: Test
          - task: PublishTestResults@2
            condition: succeededOrFailed()
            inputs:
              testResultsFormat: JUnit
              testResultsFiles: policies.xml
              searchFolder: $(Agent.TempDirectory)
              testRunTitle: Policies

        """

    private static let preCommitText = """
        # Needs portcullis in the PATH of whoever commits: nobody publishes it, make build in its repository makes
        # .build/release/portcullis.
        repos:
          - repo: local
            hooks:
              - id: portcullis-lint
                name: portcullis lint
                entry: portcullis lint policies
                language: system
                files: ^policies/
                pass_filenames: false
              - id: portcullis-fmt
                name: portcullis fmt --check
                entry: portcullis fmt --check policies
                language: system
                files: ^policies/
                pass_filenames: false
              - id: portcullis-test
                name: portcullis test
                entry: portcullis test policies
                language: system
                files: ^policies/
                pass_filenames: false

        """
}
