//go:build dragonfly || freebsd || linux || netbsd || openbsd

package credential

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/godbus/dbus/v5"
)

// hasBus reports whether there is a D-Bus session bus. Without one the library would start one that keeps running.
func hasBus() bool {
	if address := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" {
		return address != "autolaunch:"
	}
	folder := filepath.Join("/run/user", strconv.Itoa(os.Getuid()))
	return slices.ContainsFunc([]string{"bus", "dbus-session"}, func(name string) bool {
		_, err := os.Stat(filepath.Join(folder, name))
		return err == nil
	})
}

// isNoService reports whether the bus cannot be reached or has no Secret Service, as on a server.
// https://dbus.freedesktop.org/doc/dbus-specification.html#message-bus-starting-services
func isNoService(err error) bool {
	var refused dbus.Error
	var gone *net.OpError
	return errors.As(err, &gone) && gone.Op == "dial" || errors.As(err, &refused) && slices.Contains([]string{
		"org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
	}, refused.Name)
}
