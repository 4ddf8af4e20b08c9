package main

import (
	"os"

	"github.com/alicebob/miniredis/v2"
)

// redis ADDRESS: the cache of the parts, in memory.
func redis() {
	server := miniredis.NewMiniRedis()
	stop(server.StartAddr(os.Args[1]))
	select {}
}
