// Command hello is the smallest program, to compare start-up times with.
package main

import "fmt"

func main() { fmt.Println("hello") }
