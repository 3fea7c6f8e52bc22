// How late a read deadline is, as lateness.rs, in Go: the yardstick.
package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
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

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		failed("listen", err)
	}
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		failed("dial", err)
	}
	if _, err := l.Accept(); err != nil {
		failed("accept", err)
	}
	b := make([]byte, 1)
	for place := 1; place < len(os.Args); place += 2 {
		timeout := time.Duration(number(place)) * time.Millisecond
		for count := number(place + 1); count > 0; count-- {
			start := time.Now()
			near.SetReadDeadline(start.Add(timeout))
			_, err := near.Read(b)
			took := time.Since(start)
			if ne, ok := err.(net.Error); !ok || !ne.Timeout() {
				failed("a read that nobody answers ended with", err)
			}
			// At once: what was measured is kept where the program does not live to its end.
			fmt.Println(os.Args[place]+"ms", (took - timeout).Nanoseconds())
		}
	}
}
