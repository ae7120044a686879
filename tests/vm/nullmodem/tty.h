/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tty - what the kernel's tty layer asks of an end.
 */
#ifndef NULLMODEM_TTY_H
#define NULLMODEM_TTY_H

#include <linux/tty_driver.h>
#include <linux/tty_port.h>

extern const struct tty_operations tty_ops;
extern const struct tty_port_operations tty_port_ops;

#endif
