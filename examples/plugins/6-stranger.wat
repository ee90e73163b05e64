;; A plug-in that wants more than this host offers.
(module
  (import "host" "open_socket" (func (param i32) (result i32)))
  (memory (export "memory") 1))
