package devdb

import "strings"

// As returns the URL of a database for a process of one of the roles of package store. The process
// has the rights of that role and no others, as in production where it signs in as that role, so a
// grant that is missing is noticed. The user of the URL must be a member of the role.
func As(role, url string) string {
	separator := "?"
	if strings.Contains(url, "?") {
		separator = "&"
	}
	return url + separator + "role=" + role
}
