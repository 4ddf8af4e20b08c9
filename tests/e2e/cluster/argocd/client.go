package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/argoproj/argo-cd/v3/cmpserver/apiclient"
	"github.com/argoproj/argo-cd/v3/util/cmp"
)

// client generate|parameters SOCKET REPOSITORY APPLICATION_PATH SECONDS [NAME=VALUE...]: what the repo server does with
// a plugin, by Argo CD's own client.
func client() {
	what, socket, repository, application, variables := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[6:]
	seconds, err := strconv.ParseFloat(os.Args[5], 64)
	stop(err)
	closer, client, err := apiclient.NewConfigManagementPluginClientSet(socket).NewConfigManagementPluginClient()
	stop(err)
	defer closer.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(seconds*float64(time.Second)))
	defer cancel()
	place := filepath.Join(repository, application)
	if what == "parameters" {
		stream, err := client.GetParametersAnnouncement(ctx)
		stop(err)
		stop(cmp.SendRepoStream(ctx, place, repository, stream, variables, nil))
		answer, err := stream.CloseAndRecv()
		stop(err)
		stop(json.NewEncoder(os.Stdout).Encode(answer.ParameterAnnouncements))
		return
	}
	stream, err := client.GenerateManifest(ctx)
	stop(err)
	stop(cmp.SendRepoStream(ctx, place, repository, stream, variables, nil))
	answer, err := stream.CloseAndRecv()
	stop(err)
	for _, manifest := range answer.Manifests {
		fmt.Println(manifest)
	}
}
