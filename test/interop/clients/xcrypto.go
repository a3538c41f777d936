// Runs one command like `ssh` with golang.org/x/crypto/ssh: forwards the standard streams and exits with the status of the command. xcrypto PORT KEY KNOWN_HOSTS COMMAND
package main

import (
	"fmt"
	"os"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(255)
	}
}

func main() {
	text, err := os.ReadFile(os.Args[2])
	check(err)
	key, err := ssh.ParsePrivateKey(text)
	check(err)
	known, err := knownhosts.New(os.Args[3])
	check(err)
	client, err := ssh.Dial("tcp", "127.0.0.1:"+os.Args[1], &ssh.ClientConfig{
		User:              "alice",
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(key)},
		HostKeyCallback:   known,
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519},
	})
	check(err)
	session, err := client.NewSession()
	check(err)
	session.Stdin, session.Stdout, session.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = session.Run(os.Args[4])
	if exit, ok := err.(*ssh.ExitError); ok {
		os.Exit(exit.ExitStatus())
	}
	check(err)
}
