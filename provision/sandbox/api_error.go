package sandbox

import (
	"fmt"
	"net/http"
)

// The messages are shortened versions of the API's. Clients should match the codes.
const (
	textUnknown  = "An unknown error has occurred. If this error persists, please file a report in workers-sdk or reach out to your account team."
	textNoWorker = "This Worker does not exist on your account."
	docWorkers   = "https://developers.cloudflare.com/workers/observability/errors/#validation-errors-10021"
)

func internalError(err error) *apiError {
	e := newError(http.StatusInternalServerError, 10013, textUnknown)
	if err != nil {
		// The file belongs to the caller, so the error helps more than the message of the API.
		e.problems[0].Message = err.Error()
	}
	return e
}

func unroutable(path string) *apiError {
	return newError(http.StatusNotFound, 7003,
		fmt.Sprintf("Could not route to %s, perhaps your object identifier is invalid?", path))
}

func unknownPath(path string) *apiError {
	e := unroutable(path)
	e.problems = append(e.problems, problem{Code: 7000, Message: "No route for that URI"})
	return e
}

func wrongMethod(method string, workers bool) *apiError {
	if workers {
		return newError(http.StatusMethodNotAllowed, 10405, "Method not allowed for this authentication scheme")
	}
	return newError(http.StatusMethodNotAllowed, 7001, fmt.Sprintf("Method %s not available for that URI.", method))
}

func forbidden() *apiError { return newError(http.StatusForbidden, 10000, "Authentication error") }

func unreachable() *apiError {
	return newError(http.StatusForbidden, 9109, "Unauthorized to access requested resource")
}

func workerNotFound() *apiError { return newError(http.StatusNotFound, 10007, textNoWorker) }

// validationError returns the validation error of an upload.
func validationError(format string, args ...any) *apiError {
	e := newError(http.StatusBadRequest, 10021, fmt.Sprintf(format, args...))
	e.problems[0].DocumentationURL = docWorkers
	return e
}

func malformedJSON(workers bool) *apiError {
	if workers {
		return newError(http.StatusBadRequest, 10026, "Could not parse request body as JSON.")
	}
	return newError(http.StatusBadRequest, 6007, "Malformed JSON in request body")
}

// noSubdomain returns the error for an account without a workers.dev subdomain, which new accounts do not have.
func noSubdomain() *apiError {
	return newError(http.StatusBadRequest, 10063, "You need a workers.dev subdomain in order to proceed. "+
		"Please go to the dashboard and open the Workers menu. "+
		"Opening the Workers landing page for the first time will create a workers.dev subdomain automatically.")
}
