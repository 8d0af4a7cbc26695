package standin_test

import (
	"fmt"
	"net/http/httptest"

	"github.com/cfproxy/cfproxy/provision/sandbox/standin"
)

// A request without a key is rejected like OpenAI rejects it.
func ExampleHandler() {
	request := httptest.NewRequest("GET", "https://api.openai.com/v1/models", nil)
	response := httptest.NewRecorder()
	standin.Handler(standin.OpenAIHost, request.URL.Path, false).ServeHTTP(response, request)
	fmt.Println(response.Code, response.Header().Get("Www-Authenticate"))
	// Output: 401 Bearer realm="OpenAI API"
}
