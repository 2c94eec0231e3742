// Holds a pod's namespaces open.
#include <signal.h>
#include <unistd.h>
static void Stop(int signal) {
  (void)signal;
  _exit(0);
}
int main(void) {
  signal(SIGTERM, Stop), signal(SIGINT, Stop);
  for (;;) pause();
}
