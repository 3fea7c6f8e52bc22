// Reads with a deadline, raced against the data that they wait for. On a real kernel the newest Go's program dies of its
// own note: what cancels a read looks whether that is still going on, and posts `hangup` to its thread afterwards; where
// the note comes late, nothing ignores it any more.
package main

import (
	"fmt"
	"net"
	"os"
	"time"
)

const pause = 3 * time.Millisecond

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		for n := 0; ; n++ {
			// About when the deadline comes, sometimes before and sometimes after it.
			time.Sleep(pause + time.Duration(n%9-4)*200*time.Microsecond)
			if _, err := c.Write([]byte("x")); err != nil {
				return
			}
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
	late := 0
	start := time.Now()
	b := make([]byte, 16)
	for n := 0; time.Since(start) < 50*time.Second; n++ {
		c.SetReadDeadline(time.Now().Add(pause))
		if _, err := c.Read(b); err != nil {
			if e, ok := err.(net.Error); !ok || !e.Timeout() {
				fmt.Println("read:", err)
				os.Exit(4)
			}
			late++
		}
	}
	fmt.Println("lives after", late, "time-outs")
}
