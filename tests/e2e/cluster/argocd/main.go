// The parts of Argo CD that deliver, and what they keep their caches in: one program, which is the part that it is
// called as. What they share, which is nearly all, is compiled and linked once.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	plugin "github.com/argoproj/argo-cd/v3/cmd/argocd-cmp-server/commands"
	askpass "github.com/argoproj/argo-cd/v3/cmd/argocd-git-ask-pass/commands"
	repository "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/spf13/cobra"
)

func main() {
	var command *cobra.Command
	switch name := filepath.Base(os.Args[0]); name {
	case "argocd-application-controller":
		command = controller.NewCommand()
	case "argocd-cmp-server":
		command = plugin.NewCommand()
	case "argocd-git-ask-pass":
		command = askpass.NewCommand()
	case "argocd-repo-server":
		command = repository.NewCommand()
	case "argocd-client":
		client()
		return
	case "redis":
		redis()
		return
	default:
		stop(fmt.Errorf("%s is no part of Argo CD", name))
	}
	stop(command.Execute())
}

func stop(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
