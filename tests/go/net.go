package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println("listen", err)
		os.Exit(1)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go io.Copy(c, c)
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		fmt.Println("dial", err)
		os.Exit(1)
	}
	c.Write([]byte("over the wire"))
	b := make([]byte, 100)
	n, err := c.Read(b)
	fmt.Println(string(b[:n]), err)
	t := time.Now()
	c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	_, err = c.Read(b)
	ne, ok := err.(net.Error)
	d := time.Since(t)
	fmt.Println("timeout", ok && ne.Timeout(), d < 400*time.Millisecond)
	if d <= 0 {
		fmt.Println(d)
	}
	c.SetReadDeadline(time.Time{})
	c.Write([]byte("again"))
	n, err = c.Read(b)
	fmt.Println(string(b[:n]), err)
}
