// Job DSL: a multibranch job that runs ci/Jenkinsfile of the project for each of its branches and tags.

multibranchPipelineJob('build-image') {
  description('Builds each branch with mayfly, and again on another agent.')
  branchSources {
    branchSource {
      source {
        git {
          id('project')
          remote('https://git.example/project.git')
          traits {
            gitBranchDiscovery()
            gitTagDiscovery()
          }
        }
      }
    }
  }
  factory {
    workflowBranchProjectFactory {
      scriptPath('ci/Jenkinsfile')
    }
  }
  orphanedItemStrategy {
    discardOldItems {
      numToKeep(20)
    }
  }
}
