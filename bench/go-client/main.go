// Asks a registry for many images with go-containerregistry, so many at a time: main PARALLEL < names, one on a line.
package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func main() {
	parallel, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fail(err)
	}
	transport := remote.DefaultTransport.(*http.Transport).Clone()
	// As many kept connections as questions at a time; the default keeps fewer, and would pay for new ones.
	transport.MaxIdleConnsPerHost = parallel
	// A puller keeps what it learned of a registry, as a client that asks for many images would.
	puller, err := remote.NewPuller(remote.WithTransport(transport))
	if err != nil {
		fail(err)
	}
	names := make(chan string)
	var working sync.WaitGroup
	for worker := 0; worker < parallel; worker++ {
		working.Add(1)
		go func() {
			defer working.Done()
			for each := range names {
				if err := head(puller, each); err != nil {
					fail(err)
				}
			}
		}()
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		names <- lines.Text()
	}
	close(names)
	working.Wait()
}

func head(puller *remote.Puller, image string) error {
	reference, err := name.ParseReference(image, name.Insecure)
	if err != nil {
		return err
	}
	_, err = puller.Head(context.Background(), reference)
	return err
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
