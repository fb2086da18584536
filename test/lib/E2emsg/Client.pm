package E2emsg::Client;
use strict;
use warnings;
1;
