// Checks a proof of ours with the note and tlog packages of Go's checksum database.
package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func hash(text string) tlog.Hash {
	h, err := tlog.ParseHash(text)
	check(err)
	return h
}

func main() {
	key, err := os.ReadFile(os.Args[1])
	check(err)
	verifier, err := note.NewVerifier(strings.TrimSpace(string(key)))
	check(err)
	for _, path := range os.Args[2:] {
		text, err := os.ReadFile(path)
		check(err)
		head, signed, _ := strings.Cut(string(text), "\n\n")
		lines := strings.Split(head, "\n")
		record, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
		check(err)
		index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
		check(err)
		opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
		check(err)
		body := strings.Split(opened.Text, "\n")
		size, err := strconv.ParseInt(body[1], 10, 64)
		check(err)
		var proof tlog.RecordProof
		for _, line := range lines[3:] {
			proof = append(proof, hash(line))
		}
		check(tlog.CheckRecord(proof, size, hash(body[2]), index, tlog.RecordHash(record)))
	}
	fmt.Printf("%d hold\n", len(os.Args)-2)
}
