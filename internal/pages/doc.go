// Package pages serves what people see in a browser: /admin for the operators of the
// installation, /app for a business and its staff, and the pages by which one becomes known.
//
// A page is a client of the API like any other. It asks the API in the same process, as the
// visitor who asked for the page: with the visitor's cookie and address. So whatever a page shows
// or does passes the same checks, leaves the same events and has the same limits as the API, and
// nothing of this package can reach the database.
//
// Pages and API share paths, such as /admin/tenants: a request that wants HTML, or that sends a
// form, is a page's; see [Site.ServeHTTP].
package pages
