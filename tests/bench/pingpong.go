// One byte there and back over TCP, as pingpong.rs, in Go: the yardstick. Kinds: untimed, and each-round with
// SetReadDeadline before each read of the near end.
package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

func failed(what string, err error) {
	fmt.Fprintln(os.Stderr, what, err)
	os.Exit(1)
}

func number(place int) int {
	n, err := strconv.Atoi(os.Args[place])
	if err != nil {
		failed("argument", err)
	}
	return n
}

func answer(far net.Conn) {
	b := make([]byte, 1)
	for {
		n, err := far.Read(b)
		if n == 0 || err != nil {
			return
		}
		if _, err := far.Write(b); err != nil {
			return
		}
	}
}

func main() {
	blocks, rounds := number(1), number(2)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		failed("listen", err)
	}
	conns := make(map[string]net.Conn)
	for _, kind := range os.Args[3:] {
		accepted := make(chan net.Conn)
		go func() {
			far, err := l.Accept()
			if err != nil {
				failed("accept", err)
			}
			accepted <- far
		}()
		near, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			failed("dial", err)
		}
		conns[kind] = near
		go answer(<-accepted)
	}
	b := make([]byte, 1)
	for block := 0; block < blocks; block++ {
		for _, kind := range os.Args[3:] {
			var lines strings.Builder
			near := conns[kind]
			for round := 0; round < rounds; round++ {
				start := time.Now()
				if kind == "each-round" {
					near.SetReadDeadline(start.Add(500 * time.Second))
				}
				if _, err := near.Write([]byte("p")); err != nil {
					failed("write", err)
				}
				if n, err := near.Read(b); n != 1 || err != nil {
					failed("read", err)
				}
				fmt.Fprintln(&lines, kind, time.Since(start).Nanoseconds())
			}
			os.Stdout.WriteString(lines.String())
		}
	}
}
