package hostname_test

import (
	"errors"
	"fmt"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/hostname"
)

func ExampleParse() {
	host, err := hostname.Parse(" GPTAPI.Example.com. ")
	fmt.Println(host, err)
	host, err = hostname.Parse("例子.中国")
	fmt.Println(host, err)
	// Output:
	// gptapi.example.com <nil>
	// xn--fsqu00a.xn--fiqs8s <nil>
}

func ExampleParse_suggestion() {
	_, err := hostname.Parse("https://gptapi.example.com/v1")
	if e, ok := errors.AsType[*errcode.Error](err); ok {
		fmt.Println(e.Code)
		fmt.Println("did you mean", e.Details["suggestion"])
	}
	// Output:
	// host-url
	// did you mean gptapi.example.com
}

func ExampleDisplay() {
	fmt.Println(hostname.Display("xn--fsqu00a.xn--fiqs8s"))
	// Output: 例子.中国
}

func ExampleParseOrigin() {
	origin, err := hostname.ParseOrigin("HTTPS://App.Example.com:443/")
	fmt.Println(origin, err)
	_, err = hostname.ParseOrigin("app.example.com")
	fmt.Println(err)
	// Output:
	// https://app.example.com <nil>
	// allow-origin-invalid suggestion=https://app.example.com value=app.example.com
}
