/*
 * The Linux of this user on Windows: how the network of WSL 2 is set up, and whether Docker Desktop
 * is there.
 */
#ifndef WIN32_WSL_H
#define WIN32_WSL_H

#include <stdbool.h>

enum { WSL_MODE_MAX = 32 };

/* Whether this user has a distribution of Linux, and `mode`, the networkingMode of the user's
 * .wslconfig: "nat", unless it says otherwise. */
bool wsl_find(char mode[static WSL_MODE_MAX]);

/* Whether Docker Desktop is installed. */
bool wsl_has_docker_desktop(void);

#endif
